import { ExaiError } from '#libs/errors';
import type { ProviderQuirks } from '../define.js';
import type { ModelCard } from '../catalogue/model-card.js';
import type { CompletionRequest } from '../model-client.js';

/** The body of a chat-completions request, as it goes over the wire. */
export interface ChatPayload {
  readonly model: string;
  readonly messages: readonly Readonly<Record<string, unknown>>[];
  readonly [parameter: string]: unknown;
}

type ThinkingMode = NonNullable<CompletionRequest['thinkingMode']>;

/** Efforts to try for a mode, best first: the next stronger one before the next weaker one. */
const EFFORTS: Readonly<Record<ThinkingMode, readonly string[]>> = {
  minimal: ['minimal', 'low', 'medium', 'high', 'xhigh', 'max'],
  low: ['low', 'medium', 'high', 'minimal', 'xhigh', 'max'],
  medium: ['medium', 'high', 'xhigh', 'max', 'low', 'minimal'],
  high: ['high', 'xhigh', 'max', 'medium', 'low', 'minimal'],
  max: ['max', 'xhigh', 'high', 'medium', 'low', 'minimal'],
};

const BUDGET_SHARES: Readonly<Record<ThinkingMode, number>> = {
  minimal: 0.005,
  low: 0.08,
  medium: 0.33,
  high: 0.67,
  max: 1,
};
const SMALLEST_BUDGET = 128;

/** The exact body the client sends for a request. Refuses what the vendor is known to refuse. */
export function buildPayload(request: CompletionRequest, quirks: ProviderQuirks): ChatPayload {
  const card = request.model;
  const search = searchTool(request, quirks);
  const thinkingMode = search && quirks.webSearch?.needsThinkingOff ? 'off' : request.thinkingMode;
  const streamed = (request.streamed ?? true) && card.streaming;
  return applyQuirks(
    {
      model: card.apiModel ?? card.id,
      messages: (card.systemPrompt
        ? request.messages
        : withoutSystemRole(request.messages)) as unknown as ChatPayload['messages'],
      ...temperatureFor(card, request.temperature, quirks),
      ...thinkingFor(card.reasoning, thinkingMode),
      ...(request.maxOutputTokens !== undefined && {
        [quirks.maxTokensField]: Math.min(request.maxOutputTokens, card.maxOutputTokens),
      }),
      ...(search && { tools: [search] }),
      ...(streamed && { stream: true, stream_options: { include_usage: true } }),
    },
    quirks,
  );
}

/** Takes out what the vendor refuses, whoever put it in. */
export function applyQuirks(
  body: Readonly<Record<string, unknown>> & { readonly model: string },
  quirks: ProviderQuirks,
): ChatPayload {
  const { messages = [], tools, tool_choice: choice, ...rest } = without(body, quirks.omit);
  const dropTools = quirks.toolChoice === 'auto' && choice === 'none';
  return {
    ...rest,
    model: body.model,
    messages: (messages as Record<string, unknown>[]).map((message) =>
      without(message, quirks.omitInMessages),
    ),
    ...(Array.isArray(tools) &&
      !dropTools && { tools: tools.map((tool: unknown) => withoutInTool(tool, quirks.omitInTools)) }),
    ...(choice !== undefined &&
      !dropTools && { tool_choice: quirks.toolChoice === 'auto' ? 'auto' : choice }),
  };
}

function searchTool(
  { model, webSearch }: CompletionRequest,
  { webSearch: search }: ProviderQuirks,
): Readonly<Record<string, unknown>> | undefined {
  if (!webSearch) return undefined;
  const details = { provider: model.provider, model: model.id };
  if (search?.needsThinkingOff && model.reasoning.alwaysOn) {
    const reason = `${model.id} always thinks, and ${model.provider} searches the web only without thinking`;
    throw new ExaiError('MODEL_CAPABILITY', { ...details, reason });
  }
  if (!search || !model.webSearch) {
    throw new ExaiError('MODEL_CAPABILITY', { ...details, reason: `${model.id} has no web search` });
  }
  return search.tool;
}

function temperatureFor(
  { temperature: rule }: ModelCard,
  wanted: number | undefined,
  quirks: ProviderQuirks,
): Readonly<Record<string, unknown>> {
  if (wanted === undefined || rule === false) return {};
  if ('fixed' in rule) return { temperature: rule.fixed };
  if ('values' in rule) {
    const nearest = [...rule.values].sort((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted))[0];
    return { temperature: nearest };
  }
  const temperature = Math.min(rule.max, Math.max(rule.min, wanted));
  return temperature === 0 && quirks.zeroTemperature === 'do_sample' ? { do_sample: false } : { temperature };
}

function thinkingFor(
  reasoning: ModelCard['reasoning'],
  mode: ThinkingMode | 'off' | undefined,
): Readonly<Record<string, unknown>> {
  const { kind, alwaysOn, efforts = [], maxThinkingTokens = 0 } = reasoning;
  if (mode === undefined || kind === 'none') return {};
  const off = { thinking: { type: 'disabled' } };
  const on = { thinking: { type: 'enabled' } };
  if (mode === 'off') return alwaysOn ? {} : off;
  if (kind === 'toggle') return alwaysOn ? {} : mode === 'minimal' ? off : on;
  if (kind === 'budget') {
    const tokens = Math.max(SMALLEST_BUDGET, Math.round(BUDGET_SHARES[mode] * maxThinkingTokens));
    return { thinking: { type: 'enabled', budget_tokens: tokens } };
  }
  // A model with efforts that can also be switched off spends least when it is off.
  if (mode === 'minimal' && !alwaysOn && !efforts.includes('minimal') && !efforts.includes('low')) return off;
  const effort = EFFORTS[mode].find((candidate) => efforts.includes(candidate));
  return { ...(!alwaysOn && on), ...(effort !== undefined && { reasoning_effort: effort }) };
}

/** For models without a system role its text opens the first message of the user. */
function withoutSystemRole(messages: CompletionRequest['messages']): CompletionRequest['messages'] {
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content);
  const others = messages.filter(({ role }) => role !== 'system');
  const first = others.findIndex(({ role }) => role === 'user');
  return others.map((message, index) =>
    index === first ? { ...message, content: [...system, message.content].join('\n\n') } : message,
  );
}

function withoutInTool(tool: unknown, names: readonly string[]): unknown {
  if (tool === null || typeof tool !== 'object' || names.length === 0) return tool;
  const { function: definition } = tool as { function?: unknown };
  if (definition === null || typeof definition !== 'object') return tool;
  return { ...tool, function: without(definition as Record<string, unknown>, names) };
}

function without(
  record: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Readonly<Record<string, unknown>> {
  if (!names.some((name) => name in record)) return record;
  return Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));
}
