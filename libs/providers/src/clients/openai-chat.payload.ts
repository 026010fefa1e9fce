import { ExaiError } from '#libs/errors';
import type { ModelCard } from '../catalogue/model-card.js';
import type { ProviderQuirks } from '../define.js';
import type { CompletionRequest } from '../model-client.js';
import { wireMessages, wireTool, wireToolChoice } from './openai-messages.js';
import { thinkingFields } from './openai-thinking.js';
import { searchTool } from './search-tool.js';

type Fields = Readonly<Record<string, unknown>>;

/** The body of a chat-completions request, as it goes over the wire. */
export interface ChatPayload {
  readonly model: string;
  readonly messages: readonly Fields[];
  readonly [parameter: string]: unknown;
}

/** The exact body the client sends for a request. Refuses what the vendor is known to refuse. */
export function buildPayload(request: CompletionRequest, quirks: ProviderQuirks): ChatPayload {
  const card = request.model;
  refuseUnable(request);
  const search = searchTool(request, quirks);
  const thinkingMode = search && quirks.webSearch?.needsThinkingOff ? 'off' : request.thinkingMode;
  const streamed = (request.streamed ?? true) && card.streaming;
  return applyQuirks(
    {
      ...quirks.extraBody,
      model: card.apiModel ?? card.id,
      messages: wireMessages(request.messages, card.systemPrompt, quirks),
      ...temperatureFields(card, request.temperature, quirks),
      ...thinkingFields(card.reasoning, thinkingMode, quirks.thinkingStyle),
      ...(request.maxOutputTokens !== undefined && {
        [quirks.maxTokensField]: Math.min(request.maxOutputTokens, card.maxOutputTokens),
      }),
      ...toolFields(request, search, quirks),
      ...(streamed && request.tools?.length && quirks.streamedToolsBody),
      ...(streamed && { stream: true }),
      ...(streamed && quirks.streamUsage && { stream_options: { include_usage: true } }),
    },
    quirks,
  );
}

/** Takes out what the vendor refuses, whoever put it in. */
export function applyQuirks(body: Fields & { readonly model: string }, quirks: ProviderQuirks): ChatPayload {
  const { messages = [], tools, tool_choice: choice, ...rest } = without(body, quirks.omit);
  const dropTools = quirks.toolChoice === 'auto' && choice === 'none';
  return {
    ...rest,
    model: body.model,
    messages: (messages as Fields[]).map((message) => without(message, quirks.omitInMessages)),
    ...(Array.isArray(tools) &&
      !dropTools && { tools: tools.map((tool: unknown) => withoutInTool(tool, quirks.omitInTools)) }),
    ...(choice !== undefined &&
      !dropTools && { tool_choice: quirks.toolChoice === 'auto' ? 'auto' : choice }),
  };
}

function refuseUnable({ model, messages, tools }: CompletionRequest): void {
  const details = { provider: model.provider, model: model.id };
  if (tools?.length && !model.tools) {
    throw new ExaiError('MODEL_CAPABILITY', { ...details, reason: `${model.id} calls no tools` });
  }
  const hasImage = messages.some(
    ({ content }) => typeof content !== 'string' && content.some(({ type }) => type === 'image'),
  );
  if (hasImage && !model.images) {
    throw new ExaiError('MODEL_CAPABILITY', { ...details, reason: `${model.id} reads no images` });
  }
}

/** The caller's functions and the vendor's search stand in one list; only the functions can be chosen. */
function toolFields(
  { tools = [], toolChoice }: CompletionRequest,
  search: Fields | undefined,
  quirks: ProviderQuirks,
): Fields {
  const dropped = quirks.toolChoice === 'auto' && toolChoice === 'none';
  const functions = dropped ? [] : tools.map(wireTool);
  const all = search ? [...functions, search] : functions;
  return {
    ...(all.length > 0 && { tools: all }),
    ...(functions.length > 0 && toolChoice !== undefined && { tool_choice: wireToolChoice(toolChoice) }),
  };
}

function temperatureFields(
  { temperature: rule }: ModelCard,
  wanted: number | undefined,
  quirks: ProviderQuirks,
): Fields {
  if (wanted === undefined || rule === false) return {};
  if ('fixed' in rule) return { temperature: rule.fixed };
  if ('values' in rule) {
    const nearest = [...rule.values].sort((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted))[0];
    return { temperature: nearest };
  }
  const temperature = Math.min(rule.max, Math.max(rule.min, wanted));
  return temperature === 0 && quirks.zeroTemperature === 'do_sample' ? { do_sample: false } : { temperature };
}

function withoutInTool(tool: unknown, names: readonly string[]): unknown {
  if (tool === null || typeof tool !== 'object' || names.length === 0) return tool;
  const { function: definition } = tool as { function?: unknown };
  if (definition === null || typeof definition !== 'object') return tool;
  return { ...tool, function: without(definition as Fields, names) };
}

function without(record: Fields, names: readonly string[]): Fields {
  if (!names.some((name) => name in record)) return record;
  return Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));
}
