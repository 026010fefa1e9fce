import type { CompletionDelta, ModelToolCall, WebSource } from '../model-client.js';
import { withoutError } from './anthropic-messages.errors.js';
import {
  eventSchema,
  messageSchema,
  type WireBlock,
  type WireEvent,
  type WireUsage,
} from './anthropic-messages.wire.js';
import { BadAnswerError } from './bad-answer.js';
import { TextCleaner } from './clean-text.js';
import { SourceList } from './openai-sources.js';

/** What one piece of an answer brought. */
export interface Heard {
  readonly deltas: readonly CompletionDelta[];
  /** The model has made progress, be it one that nobody sees. */
  readonly hasContent: boolean;
}

interface OpenBlock {
  readonly call?: { readonly id: string; readonly name: string; readonly input: unknown };
  /** The arguments of the call so far. */
  json: string;
}

const NOTHING: Heard = { deltas: [], hasContent: false };

/** Collects one answer, be it whole or in pieces. Throws what cannot be one. */
export class MessagesAnswer {
  content = '';
  reasoning = '';
  /** The vendor's word for the end; undefined while the answer is not complete. */
  stopReason: string | undefined;
  messageId: string | undefined;
  /** The stream has said itself that it is over. */
  ended = false;
  readonly toolCalls: ModelToolCall[] = [];
  /** Undefined if the vendor counted nothing. */
  usage: WireUsage | undefined;
  private readonly pages = new SourceList();
  private readonly cleanContent = new TextCleaner();
  private readonly cleanReasoning = new TextCleaner();
  /** Blocks of the stream by their index; undefined once they are closed. */
  private readonly blocks = new Map<number, OpenBlock | undefined>();
  /** The event that said how the answer ended. */
  private last: string | undefined;
  /** Something else stood between two texts, which would otherwise run into each other. */
  private interrupted = false;

  get sources(): readonly WebSource[] {
    return this.pages.all;
  }

  /** Takes the JSON of a whole answer. */
  addWhole(json: string): Heard {
    const message = messageSchema.parse(withoutError(JSON.parse(json)));
    this.messageId = message.id ?? undefined;
    this.stopReason = message.stop_reason ?? undefined;
    this.usage = message.usage ?? undefined;
    const deltas = message.content.flatMap((block, index) => [
      ...this.startBlock(index, block).deltas,
      ...this.stopBlock(index).deltas,
    ]);
    return { deltas, hasContent: deltas.length > 0 };
  }

  /** Takes the JSON of one event; those the dialect does not know yet say nothing. */
  addEvent(json: string): Heard {
    const event = eventSchema.parse(withoutError(JSON.parse(json)));
    switch (event.type) {
      case 'message_start':
        return this.startMessage(event);
      case 'content_block_start':
        return event.content_block ? this.startBlock(indexOf(event), event.content_block) : NOTHING;
      case 'content_block_delta':
        return this.addDelta(event);
      case 'content_block_stop':
        return this.stopBlock(indexOf(event));
      case 'message_delta':
        if (json === this.last) throw new BadAnswerError('the end of the answer came twice');
        this.last = json;
        this.stopReason = event.delta?.stop_reason ?? this.stopReason;
        this.count(event.usage);
        return NOTHING;
      case 'message_stop':
        this.ended = true;
        return NOTHING;
      default:
        return NOTHING;
    }
  }

  private startMessage({ message }: WireEvent): Heard {
    if (this.messageId !== undefined) throw new BadAnswerError('the stream began twice');
    this.messageId = message?.id ?? '';
    this.count(message?.usage);
    return NOTHING;
  }

  private startBlock(index: number, block: WireBlock): Heard {
    if (this.blocks.has(index)) throw new BadAnswerError('a part of the answer began twice');
    if (this.last !== undefined) throw new BadAnswerError('the answer went on after its end');
    const isCall = block.type === 'tool_use';
    this.blocks.set(index, {
      json: '',
      ...(isCall && { call: { id: block.id ?? '', name: block.name ?? '', input: block.input } }),
    });
    if (block.type === 'text') {
      this.addSources(block.citations);
      return this.addText(block.text ?? '');
    }
    if (block.type === 'thinking') return this.addReasoning(block.thinking ?? '');
    this.interrupted = true;
    if (block.type === 'web_search_tool_result') this.addSources(block.content);
    return { deltas: [], hasContent: true };
  }

  private addDelta(event: WireEvent): Heard {
    const { delta } = event;
    const block = this.blocks.get(indexOf(event));
    if (!block) throw new BadAnswerError('a piece belongs to no part of the answer');
    if (!delta) return NOTHING;
    this.addSources([delta.citation]);
    block.json += delta.partial_json ?? '';
    const text = this.addText(delta.text ?? '');
    const reasoning = this.addReasoning(delta.thinking ?? '');
    return {
      deltas: [...text.deltas, ...reasoning.deltas],
      hasContent: text.hasContent || reasoning.hasContent || Boolean(delta.partial_json),
    };
  }

  private stopBlock(index: number): Heard {
    const block = this.blocks.get(index);
    if (!block) throw new BadAnswerError('a part of the answer ended that had not begun');
    this.blocks.set(index, undefined);
    if (!block.call) return NOTHING;
    const { id, name, input } = block.call;
    const call: ModelToolCall = { id, name, arguments: block.json || JSON.stringify(input ?? {}) };
    this.toolCalls.push(call);
    return { deltas: [{ type: 'tool_call', value: JSON.stringify(call) }], hasContent: true };
  }

  private addText(raw: string): Heard {
    const text = this.cleanContent.add(raw);
    if (text === '') return NOTHING;
    const value = this.interrupted && this.content !== '' ? `\n\n${text}` : text;
    this.interrupted = false;
    this.content += value;
    return { deltas: [{ type: 'text', value }], hasContent: true };
  }

  private addReasoning(raw: string): Heard {
    const value = this.cleanReasoning.add(raw);
    if (value === '') return NOTHING;
    this.reasoning += value;
    return { deltas: [{ type: 'reasoning', value }], hasContent: true };
  }

  /** A failed search has an object in place of the list. */
  private addSources(pages: unknown): void {
    this.pages.add({ citations: pages }, undefined);
  }

  private count(usage: WireUsage | null | undefined): void {
    if (!usage) return;
    const stated = Object.entries(usage).filter(([, value]) => value !== null && value !== undefined);
    this.usage = { ...this.usage, ...Object.fromEntries(stated) };
  }
}

function indexOf({ index }: WireEvent): number {
  return index ?? 0;
}
