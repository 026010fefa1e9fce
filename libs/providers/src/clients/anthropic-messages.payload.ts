import type { ModelCard } from '../catalogue/model-card.js';
import type { ProviderQuirks } from '../define.js';
import type { CompletionRequest, FunctionTool, ToolChoice } from '../model-client.js';
import { thinkingFor } from './anthropic-messages.thinking.js';
import { endsInToolResult, instructionsOf, type Turn, turnsOf } from './anthropic-messages.turns.js';
import { searchTool } from './search-tool.js';

/** The body of a request, as it goes over the wire. */
export interface MessagesPayload {
  readonly model: string;
  readonly max_tokens: number;
  readonly [parameter: string]: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

/** What comes before the end of this block is kept by the vendor for the next request. */
const CACHED: Fields = { cache_control: { type: 'ephemeral' } };

/** The exact body the client sends for a request. Refuses what the vendor is known to refuse. */
export function buildPayload(request: CompletionRequest, quirks: ProviderQuirks): MessagesPayload {
  const { model: card, messages, tools = [] } = request;
  const search = searchTool(request, quirks);
  const maxTokens = Math.min(request.maxOutputTokens ?? card.maxOutputTokens, card.maxOutputTokens);
  const choice = tools.length > 0 ? request.toolChoice : undefined;
  const isForced = choice !== undefined && choice !== 'auto' && choice !== 'none';
  const { fields: thinking, active } = thinkingFor(card.reasoning, {
    mode: request.thinkingMode,
    mustBeOff: isForced || Boolean(search && quirks.webSearch?.needsThinkingOff),
    thoughtsMissing: endsInToolResult(messages),
    maxTokens,
  });
  const streamed = (request.streamed ?? true) && card.streaming;
  const body = {
    ...quirks.extraBody,
    model: card.apiModel ?? card.id,
    max_tokens: maxTokens,
    ...promptOf(
      request,
      [...tools.map((tool) => functionTool(tool, quirks)), ...(search ? [search] : [])],
      quirks.omit.includes('cache_control') ? {} : CACHED,
    ),
    // A model that thinks refuses to be forced.
    ...(choice !== undefined && {
      tool_choice: choiceOf(isForced && (active || quirks.toolChoice === 'auto') ? 'auto' : choice),
    }),
    ...temperatureFor(card, request.temperature, active),
    ...thinking,
    ...(streamed && { stream: true }),
  };
  return omit(body, quirks.omit) as MessagesPayload;
}

/** Instructions, tools and turns, with a mark at the end of what stays the same from request to request. */
function promptOf({ model, messages }: CompletionRequest, tools: readonly Fields[], mark: Fields): Fields {
  const instructions = instructionsOf(messages);
  const turns = turnsOf(messages);
  // Somebody must say something: instructions alone are the first turn.
  const hasSystem = model.systemPrompt && turns.length > 0 && instructions !== '';
  const first = { type: 'text', text: instructions };
  const marked = tools.map((tool, at) => (at === tools.length - 1 ? { ...tool, ...mark } : tool));
  return {
    ...(hasSystem && { system: [{ ...first, ...mark }] }),
    // The vendor reads the tools before the instructions, so one mark is enough for both.
    ...(tools.length > 0 && { tools: hasSystem ? tools : marked }),
    messages: hasSystem || instructions === '' ? turns : withFirst(first, turns),
  };
}

function withFirst(block: Fields, turns: readonly Turn[]): Turn[] {
  const [opening, ...rest] = turns;
  if (opening?.role !== 'user') return [{ role: 'user', content: [block] }, ...turns];
  return [{ ...opening, content: [block, ...opening.content] }, ...rest];
}

function functionTool({ name, description, parameters }: FunctionTool, quirks: ProviderQuirks): Fields {
  const tool = {
    name,
    ...(description !== undefined && { description }),
    input_schema: { type: 'object', ...parameters },
  };
  return omit(tool, quirks.omitInTools);
}

function choiceOf(choice: ToolChoice): Fields {
  if (typeof choice === 'object') return { type: 'tool', name: choice.name };
  return { type: choice === 'required' ? 'any' : choice };
}

/** A model that thinks within a budget takes only 1, and one that thinks adaptively takes none at all. */
function temperatureFor(
  { temperature: rule, reasoning }: ModelCard,
  wanted: number | undefined,
  thinks: boolean,
): Fields {
  if (rule === false || (thinks && reasoning.kind === 'effort')) return {};
  if (thinks) return { temperature: 1 };
  if (wanted === undefined) return {};
  if ('fixed' in rule) return { temperature: rule.fixed };
  if ('values' in rule) {
    const [nearest] = [...rule.values].sort((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted));
    return { temperature: nearest };
  }
  return { temperature: Math.min(rule.max, Math.max(rule.min, wanted)) };
}

/** Takes out what the vendor refuses, whoever put it in. */
function omit(body: Fields, names: readonly string[]): Fields {
  if (names.length === 0) return body;
  return Object.fromEntries(Object.entries(body).filter(([name]) => !names.includes(name)));
}
