import type { ChatMessage, ModelToolCall } from '../model-client.js';

type Block = Readonly<Record<string, unknown>>;

/** One message as the dialect knows it. */
export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: readonly Block[];
}

/** The conversation without its instructions: turns alternate, and none is empty. */
export function turnsOf(messages: readonly ChatMessage[]): Turn[] {
  const turns: { role: Turn['role']; content: Block[] }[] = [];
  for (const message of messages) {
    const content = blocksOf(message);
    if (content.length === 0) continue;
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...content);
    else turns.push({ role, content });
  }
  return turns;
}

/** All instructions as one text; empty if there are none. */
export function instructionsOf(messages: readonly ChatMessage[]): string {
  return messages
    .flatMap((message) => (message.role === 'system' && message.content !== '' ? [message.content] : []))
    .join('\n\n');
}

/** A call that waits for its result binds the vendor to the thoughts before it, which nobody has kept. */
export function endsInToolResult(messages: readonly ChatMessage[]): boolean {
  return messages.at(-1)?.role === 'tool';
}

function blocksOf(message: ChatMessage): Block[] {
  switch (message.role) {
    case 'system':
      return [];
    case 'assistant':
      return [...textBlock(message.content), ...(message.toolCalls ?? []).map(callBlock)];
    case 'tool':
      return [{ type: 'tool_result', tool_use_id: idOf(message.toolCallId), content: message.content }];
    case 'user':
      if (typeof message.content === 'string') return textBlock(message.content);
      return message.content.flatMap((part) =>
        part.type === 'text'
          ? textBlock(part.text)
          : [{ type: 'image', source: { type: 'base64', media_type: part.mediaType, data: part.data } }],
      );
  }
}

/** The vendor refuses a text that is empty. */
function textBlock(text: string): Block[] {
  return text === '' ? [] : [{ type: 'text', text }];
}

function callBlock(call: ModelToolCall): Block {
  return { type: 'tool_use', id: idOf(call.id), name: call.name, input: inputOf(call.arguments) };
}

/** The vendor takes an object alone, so what a model wrote otherwise goes back as the value of one field. */
function inputOf(text: string): Block {
  try {
    const value: unknown = JSON.parse(text === '' ? '{}' : text);
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Block;
  } catch {
    // Not JSON at all.
  }
  return { arguments: text };
}

/** Ids of other vendors hold characters that are refused here. */
function idOf(id: string): string {
  return id.replaceAll(/[^\w-]/g, '_');
}
