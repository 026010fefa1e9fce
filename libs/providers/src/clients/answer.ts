import type { CompletionUsage } from '../model-client.js';
import { chunkSchema, usageOf, type WireChunk, type WireMessage } from './wire.js';

export interface WireToolCall {
  readonly id: string;
  readonly type: string;
  readonly function: { readonly name: string; readonly arguments: string };
}

/** Collects one answer, be it whole or in pieces. */
export class Answer {
  content = '';
  reasoning = '';
  /** The vendor's word for the end; undefined while the answer is not complete. */
  finish: string | undefined;
  requestId: string | undefined;
  private usage: WireChunk['usage'];
  private readonly calls = new Map<number, { id: string; type: string; name: string; text: string }>();

  /** Takes the JSON of a whole answer or of one event; returns its answer text. Throws what is not one. */
  add(json: string): { readonly text: string; readonly hasContent: boolean } {
    const chunk = chunkSchema.parse(withoutError(JSON.parse(json)));
    const choice = chunk.choices?.[0];
    const message = choice?.message ?? choice?.delta;
    this.requestId ??= chunk.request_id ?? chunk.id ?? undefined;
    this.usage = chunk.usage ?? choice?.usage ?? this.usage;
    this.finish = choice?.finish_reason ?? this.finish;
    if (!message) return { text: '', hasContent: false };
    const text = message.content ?? '';
    const reasoning = message.reasoning_content ?? '';
    this.content += text;
    this.reasoning += reasoning;
    this.addToolCalls(message.tool_calls ?? []);
    return { text, hasContent: text !== '' || reasoning !== '' || (message.tool_calls?.length ?? 0) > 0 };
  }

  get toolCalls(): WireToolCall[] {
    return [...this.calls.values()].map(({ id, type, name, text }) => ({
      id,
      type,
      function: { name, arguments: text },
    }));
  }

  get totalUsage(): CompletionUsage {
    return usageOf(this.usage);
  }

  private addToolCalls(pieces: NonNullable<WireMessage['tool_calls']>): void {
    for (const [position, piece] of pieces.entries()) {
      const key = piece.index ?? position;
      const known = this.calls.get(key) ?? { id: '', type: 'function', name: '', text: '' };
      this.calls.set(key, {
        id: piece.id ?? known.id,
        type: piece.type ?? known.type,
        name: piece.function?.name ?? known.name,
        text: known.text + (piece.function?.arguments ?? ''),
      });
    }
  }
}

/** A vendor's error inside an answer of status 200, carried like the error of any other status. */
export class AnsweredError extends Error {
  constructor(readonly error: unknown) {
    super('The provider sent an error in place of an answer.');
  }
}

function withoutError(value: unknown): unknown {
  const error = (value as { error?: unknown } | null)?.error;
  if (error !== undefined && error !== null) throw new AnsweredError(error);
  return value;
}
