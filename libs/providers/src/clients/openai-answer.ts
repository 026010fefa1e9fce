import type { WebSource } from '../model-client.js';
import { AnsweredError, BadAnswerError } from './bad-answer.js';
import { TextCleaner } from './clean-text.js';
import { SourceList } from './openai-sources.js';
import { ToolCallList } from './openai-tool-calls.js';
import { chunkSchema, type WireMessage, type WireUsage } from './openai-wire.js';

/** What one event adds to the answer. */
export interface AnswerPiece {
  readonly text: string;
  readonly reasoning: string;
  /** Something of the answer was in it, be it a part of a tool call. */
  readonly hasContent: boolean;
}

/** Collects one answer, be it whole or in pieces. */
export class Answer {
  content = '';
  reasoning = '';
  /** The vendor's word for the end; undefined while the answer is not complete. */
  finish: string | undefined;
  /** As the body states it. */
  requestId: string | undefined;
  usage: WireUsage | undefined;
  readonly calls = new ToolCallList();
  private readonly pages = new SourceList();
  private readonly cleanContent = new TextCleaner();
  private readonly cleanReasoning = new TextCleaner();
  private last: string | undefined;

  constructor(private readonly reasoningFields: readonly string[]) {}

  /**
   * Takes the JSON of a whole answer or of one event. Throws what is not one: SyntaxError, ZodError, AnsweredError for a
   * vendor's error, BadAnswerError for an event that is there twice.
   *
   * A piece that comes twice is known by what follows the end: content after it, or the same end again. In the middle of
   * an answer it is not, as a model that repeats itself sends the same bytes.
   */
  add(json: string): AnswerPiece {
    const ended = this.finish !== undefined;
    if (ended && json === this.last) throw new BadAnswerError('the end of the answer came twice');
    this.last = json;
    const chunk = chunkSchema.parse(withoutError(JSON.parse(json)));
    const choice = chunk.choices?.[0];
    const message = choice?.message ?? choice?.delta;
    this.requestId ??= chunk.request_id || chunk.id || undefined;
    this.usage = chunk.usage ?? choice?.usage ?? this.usage;
    // Some servers write an empty text in place of null.
    this.finish = choice?.finish_reason || this.finish;
    this.pages.add(chunk, message);
    const piece = message ? this.addMessage(message) : NOTHING;
    if (ended && piece.hasContent) throw new BadAnswerError('the answer went on after its end');
    return piece;
  }

  get sources(): readonly WebSource[] {
    return this.pages.all;
  }

  private addMessage(message: WireMessage): AnswerPiece {
    const said = saidIn(message, this.reasoningFields);
    const text = this.cleanContent.add(said.text);
    const reasoning = this.cleanReasoning.add(said.reasoning);
    this.content += text;
    this.reasoning += reasoning;
    const pieces = message.tool_calls ?? [];
    this.calls.add(pieces);
    return { text, reasoning, hasContent: text !== '' || reasoning !== '' || pieces.length > 0 };
  }
}

const NOTHING: AnswerPiece = { text: '', reasoning: '', hasContent: false };

function saidIn(
  message: WireMessage,
  reasoningFields: readonly string[],
): { readonly text: string; readonly reasoning: string } {
  const { content } = message;
  const field = reasoningFields.find((name) => typeof message[name] === 'string');
  const reasoning = field === undefined ? '' : (message[field] as string);
  if (typeof content === 'string' || !content) return { text: content ?? '', reasoning };
  const thoughts = content.flatMap((part) => part.thinking ?? []);
  return {
    text: joined(content.filter(({ type }) => type === 'text')),
    reasoning: reasoning + joined(thoughts),
  };
}

function joined(parts: readonly { readonly text?: string | null | undefined }[]): string {
  return parts.map(({ text }) => text ?? '').join('');
}

function withoutError(value: unknown): unknown {
  const error = (value as { error?: unknown } | null)?.error;
  if (error !== undefined && error !== null) throw new AnsweredError(error);
  return value;
}
