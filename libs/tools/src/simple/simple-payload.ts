import { TURNS_PER_EXCHANGE } from '#libs/conversations';
import { type Completion, type ModelCard, type RouteDecision } from '#libs/providers';
import { asFileRequest, cutAnswer } from '../asking/answer.js';
import { type CallFiles } from '../call-files.js';
import { baseMetadata } from '../payload.js';
import { routeFields } from '../asking/route-fields.js';
import { type TokenBudget } from '../asking/token-budget.js';
import { type FailedCandidate, type PayloadMetadata, type ToolCall, type ToolPayload } from '../tool.js';

/** A millionth of a cent: a token of the cheapest model costs more. */
const COST_DECIMALS = 8;

export interface AnswerParts {
  readonly call: ToolCall;
  readonly route: RouteDecision;
  /** The model the caller asked for. */
  readonly requested: string;
  readonly completion: Completion;
  /** US dollars; absent = the price is not known. */
  readonly costUsd?: number;
  readonly failures: readonly FailedCandidate[];
  /** On whose computer files were read for this call; absent = none were. */
  readonly filesReadBy?: CallFiles['readBy'];
  readonly warnings: readonly string[];
  /** Absent when the conversation was not saved. */
  readonly thread?: { readonly id: string; readonly remainingTurns: number };
}

export function answerPayload(parts: AnswerParts): ToolPayload {
  const { completion, thread } = parts;
  const { content, cut } = cutAnswer(completion.content);
  const fileRequest = asFileRequest(content);
  return {
    ...threadFields(thread),
    content,
    content_type: 'markdown',
    ...(fileRequest && { ...fileRequest, content_type: 'json' }),
    metadata: answerMetadata(parts, cut),
  };
}

/** How a conversation goes on; without one the answer stands alone. */
export function threadFields(
  thread: AnswerParts['thread'],
): Pick<ToolPayload, 'status' | 'continuation_id' | 'continuation_offer'> {
  const offer = thread && thread.remainingTurns >= TURNS_PER_EXCHANGE ? thread : undefined;
  return {
    status: offer ? 'continuation_available' : 'success',
    ...(thread && { continuation_id: thread.id }),
    ...(offer && {
      continuation_offer: {
        continuation_id: offer.id,
        note: `To go on with this conversation, call a tool with this continuation_id; ${offer.remainingTurns} turns are left.`,
        remaining_turns: offer.remainingTurns,
      },
    }),
  };
}

/** @param cut the answer was longer than it may be */
export function answerMetadata(
  {
    call,
    route,
    requested,
    completion,
    costUsd,
    failures,
    filesReadBy,
    warnings,
  }: Omit<AnswerParts, 'thread'>,
  cut: boolean,
): PayloadMetadata {
  const { usage, finishReason, sources = [] } = completion;
  return {
    ...baseMetadata(call),
    model_used: completion.model,
    provider_used: completion.provider,
    usage: {
      input_tokens: usage.input,
      output_tokens: usage.output,
      total_tokens: usage.total,
      ...(usage.cached !== undefined && { cached_tokens: usage.cached }),
      ...(usage.reasoning !== undefined && { reasoning_tokens: usage.reasoning }),
      ...(usage.estimated && { estimated: true }),
    },
    ...(costUsd !== undefined && { cost_usd: Number(costUsd.toFixed(COST_DECIMALS)) }),
    finish_reason: finishReason,
    ...((cut || finishReason === 'length') && { truncated: true }),
    route: routeFields(route, requested),
    ...(filesReadBy && { files_read_by: filesReadBy }),
    ...(sources.length > 0 && { sources: sources.map(({ title, url }) => ({ title, url })) }),
    ...(failures.length > 0 && { fallback_from: failures }),
    ...(warnings.length > 0 && { warnings }),
  };
}

/**
 * What a call with a text of more than `limit` characters gets in place of an answer; undefined = it has none.
 * @param filesField the argument that names files
 */
export function resendPromptPayload(
  call: ToolCall,
  limit: number,
  filesField: string,
): ToolPayload | undefined {
  const overlong = Object.entries(call.args).find(
    ([, value]) => typeof value === 'string' && value.length > limit,
  );
  if (!overlong) return undefined;
  const [field] = overlong;
  return {
    status: 'resend_prompt',
    content:
      `The argument ${field} is longer than ${limit} characters. Save its text to a file, ` +
      `name that file in ${filesField} by its absolute path, and send a short ${field} that refers to it.`,
    content_type: 'text',
    metadata: { ...baseMetadata(call), limit },
  };
}

export function codeTooLargePayload(
  call: ToolCall,
  card: ModelCard,
  budget: TokenBudget,
  tokens: number,
  fileCount: number,
): ToolPayload {
  return {
    status: 'code_too_large',
    content:
      `The named files are about ${tokens} tokens; ${card.id} takes at most ${budget.fileThreshold}. ` +
      'Name fewer or smaller files, or a model with a larger context window (see listmodels).',
    content_type: 'text',
    metadata: {
      ...baseMetadata(call),
      total_estimated_tokens: tokens,
      limit: budget.fileThreshold,
      file_count: fileCount,
      threshold_percent: budget.thresholdPercent,
      model_context_window: card.contextWindow,
      model_name: card.id,
    },
  };
}
