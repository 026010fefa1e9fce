import type { ProviderQuirks } from '../define.js';
import type { ChatMessage, FunctionTool, ImagePart, TextPart, ToolChoice } from '../model-client.js';

type Fields = Readonly<Record<string, unknown>>;
type UserContent = Extract<ChatMessage, { role: 'user' }>['content'];

/** The messages as the dialect writes them. */
export function wireMessages(
  messages: readonly ChatMessage[],
  systemPrompt: boolean,
  quirks: ProviderQuirks,
): readonly Fields[] {
  return (systemPrompt ? messages : withoutSystemRole(messages)).map((message) => wireOf(message, quirks));
}

export function wireTool({ name, description, parameters }: FunctionTool): Fields {
  return {
    type: 'function',
    function: { name, ...(description !== undefined && { description }), parameters },
  };
}

export function wireToolChoice(choice: ToolChoice): unknown {
  return typeof choice === 'string' ? choice : { type: 'function', function: { name: choice.name } };
}

function wireOf(message: ChatMessage, quirks: ProviderQuirks): Fields {
  switch (message.role) {
    case 'system':
      return { role: quirks.systemRole, content: message.content };
    case 'user':
      return { role: 'user', content: wireContent(message.content) };
    case 'assistant':
      return wireAssistant(message);
    case 'tool':
      return {
        role: 'tool',
        tool_call_id: message.toolCallId,
        ...(message.name !== undefined && { name: message.name }),
        content: message.content,
      };
  }
}

/** Reasoning goes back beside tool calls alone, where its vendors want it; one that refuses it omits the field. */
function wireAssistant({
  content,
  reasoning,
  toolCalls,
}: Extract<ChatMessage, { role: 'assistant' }>): Fields {
  if (!toolCalls?.length) return { role: 'assistant', content };
  return {
    role: 'assistant',
    content,
    ...(reasoning !== undefined && { reasoning_content: reasoning }),
    tool_calls: toolCalls.map(({ id, name, arguments: text }) => ({
      id,
      type: 'function',
      function: { name, arguments: text },
    })),
  };
}

function wireContent(content: UserContent): unknown {
  return typeof content === 'string' ? content : content.map(wirePart);
}

function wirePart(part: TextPart | ImagePart): Fields {
  if (part.type === 'text') return { type: 'text', text: part.text };
  return { type: 'image_url', image_url: { url: `data:${part.mediaType};base64,${part.data}` } };
}

/** For models without a system role its text opens the first message of the user. */
function withoutSystemRole(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const system = messages.flatMap((message) => (message.role === 'system' ? [message.content] : []));
  const others = messages.filter(({ role }) => role !== 'system');
  const first = others.findIndex(({ role }) => role === 'user');
  if (first < 0 && system.length > 0) return [{ role: 'user', content: system.join('\n\n') }, ...others];
  return others.map((message, index) =>
    index === first && message.role === 'user'
      ? { role: 'user', content: opened(system.join('\n\n'), message.content) }
      : message,
  );
}

function opened(text: string, content: UserContent): UserContent {
  if (text === '') return content;
  return typeof content === 'string' ? `${text}\n\n${content}` : [{ type: 'text', text }, ...content];
}
