import { excerptOf, splitPieces, type Answer, type ToolCall } from './answer.js';
import { frame } from './dialect.js';
import type { SearchResult } from './search-results.js';

/** One content block of the messages API. */
export interface Block {
  /** As it stands in a complete answer. */
  readonly whole: object;
  /** As it opens in a stream. */
  readonly start: object;
  readonly deltas: readonly object[];
}

/** Vendors keep a slow stream alive with pings anywhere between two events. */
const DELTAS_PER_PING = 20;

export function blocksOf(answer: Answer): Block[] {
  if (answer.isEmpty) return [];
  return [
    ...(answer.reasoning === undefined ? [] : [thinkingBlock(answer.reasoning)]),
    ...(answer.sources ? searchBlocks(answer.text, answer.sources) : []),
    ...(answer.toolCalls ? answer.toolCalls.map(toolBlock) : [textBlock(answer.text)]),
  ];
}

export function blockFrames(block: Block, index: number): string[] {
  return [
    event({ type: 'content_block_start', index, content_block: block.start }),
    ...block.deltas.flatMap((delta, position) => {
      const frames = [event({ type: 'content_block_delta', index, delta })];
      return (position + 1) % DELTAS_PER_PING === 0 ? [...frames, event({ type: 'ping' })] : frames;
    }),
    event({ type: 'content_block_stop', index }),
  ];
}

export function event(data: { readonly type: string; readonly [field: string]: unknown }): string {
  return frame(data, data.type);
}

function textBlock(text: string): Block {
  return {
    whole: { type: 'text', text },
    start: { type: 'text', text: '' },
    deltas: splitPieces(text).map((piece) => ({ type: 'text_delta', text: piece })),
  };
}

function thinkingBlock(thinking: string): Block {
  const signature = 'simulation';
  const pieces = splitPieces(thinking).map((piece) => ({ type: 'thinking_delta', thinking: piece }));
  return {
    whole: { type: 'thinking', thinking, signature },
    start: { type: 'thinking', thinking: '', signature: '' },
    deltas: [...pieces, { type: 'signature_delta', signature }],
  };
}

function toolBlock({ id, name, arguments: json }: ToolCall): Block {
  return callBlock({ type: 'tool_use', id, name }, json);
}

/** The vendor's own search: the query it wrote, then the pages it found, whole even in a stream. */
function searchBlocks(text: string, sources: readonly SearchResult[]): Block[] {
  const id = 'srvtoolu_sim_1';
  const query = JSON.stringify({ query: excerptOf(text) });
  const result = {
    type: 'web_search_tool_result',
    tool_use_id: id,
    content: sources.map(({ title, link, publish_date }) => ({
      type: 'web_search_result',
      title,
      url: link,
      encrypted_content: 'simulation',
      page_age: publish_date,
    })),
  };
  return [
    callBlock({ type: 'server_tool_use', id, name: 'web_search' }, query),
    { whole: result, start: result, deltas: [] },
  ];
}

function callBlock(call: object, json: string): Block {
  const input: unknown = JSON.parse(json);
  return {
    whole: { ...call, input },
    start: { ...call, input: {} },
    deltas: splitPieces(json, 1).map((piece) => ({ type: 'input_json_delta', partial_json: piece })),
  };
}
