import type { ModelCard } from '../catalogue/model-card.js';
import type { ThinkingMode } from '../model-client.js';

/** How a request asks for thinking, and whether the model thinks because of it. */
export interface Thinking {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly active: boolean;
}

export interface ThinkingRequest {
  readonly mode: ThinkingMode | undefined;
  /** A forced tool, or a search that goes only without thinking. */
  readonly mustBeOff: boolean;
  /** The vendor wants thoughts back that nobody has kept; adaptive thinking does without them. */
  readonly thoughtsMissing: boolean;
  readonly maxTokens: number;
}

/** Efforts to try for a mode, best first. */
const EFFORTS: Readonly<Record<ThinkingMode, readonly string[]>> = {
  minimal: ['low', 'medium', 'high'],
  low: ['low', 'medium', 'high'],
  medium: ['medium', 'high', 'low'],
  high: ['high', 'medium', 'low'],
  max: ['max', 'xhigh', 'high', 'medium', 'low'],
};

const BUDGET_SHARES: Readonly<Record<ThinkingMode, number>> = {
  minimal: 0,
  low: 0.08,
  medium: 0.33,
  high: 0.67,
  max: 1,
};
/** The vendor takes no less; as much again is left for the answer where the limit allows it. */
const SMALLEST_BUDGET = 1_024;

const OFF: Thinking = { fields: { thinking: { type: 'disabled' } }, active: false };
const NOT_ASKED: Thinking = { fields: {}, active: false };

/** `low` and above think, `minimal` does not where the model can be told so. */
export function thinkingFor(reasoning: ModelCard['reasoning'], request: ThinkingRequest): Thinking {
  const { kind, alwaysOn } = reasoning;
  const thinksUnasked = alwaysOn || (reasoning.default !== undefined && reasoning.default !== 'disabled');
  if (kind === 'none') return NOT_ASKED;
  if (!alwaysOn && request.mustBeOff) return thinksUnasked || request.mode !== undefined ? OFF : NOT_ASKED;
  if (!alwaysOn && request.mode === 'minimal') return OFF;
  if (kind === 'effort') return adaptive(reasoning, request.mode, thinksUnasked);
  if (request.mode === undefined || (kind === 'toggle' && alwaysOn))
    return { fields: {}, active: thinksUnasked };
  return budget(reasoning, request.mode, request);
}

/**
 * Asks for the thoughts to be shown also where no mode was given: a model that thinks without a word looks like one
 * that has stopped.
 */
function adaptive(
  { efforts = [] }: ModelCard['reasoning'],
  mode: ThinkingMode | undefined,
  thinksUnasked: boolean,
): Thinking {
  if (mode === undefined && !thinksUnasked) return NOT_ASKED;
  const effort = mode && EFFORTS[mode].find((candidate) => efforts.includes(candidate));
  return {
    fields: {
      thinking: { type: 'adaptive', display: 'summarized' },
      ...(effort !== undefined && { output_config: { effort } }),
    },
    active: true,
  };
}

function budget(
  { maxThinkingTokens, alwaysOn }: ModelCard['reasoning'],
  mode: ThinkingMode,
  { thoughtsMissing, maxTokens }: ThinkingRequest,
): Thinking {
  const share = Math.round(BUDGET_SHARES[mode] * (maxThinkingTokens ?? maxTokens));
  const tokens = Math.max(SMALLEST_BUDGET, Math.min(share, maxTokens - SMALLEST_BUDGET));
  if (thoughtsMissing || tokens >= maxTokens) return alwaysOn ? { fields: {}, active: true } : OFF;
  return { fields: { thinking: { type: 'enabled', budget_tokens: tokens } }, active: true };
}
