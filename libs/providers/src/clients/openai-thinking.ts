import type { ModelCard } from '../catalogue/model-card.js';
import type { ProviderQuirks } from '../define.js';
import type { ThinkingMode } from '../model-client.js';

type Fields = Readonly<Record<string, unknown>>;

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

/** The effort by which thinking is switched off where there is no other way. */
const NO_EFFORT = 'none';

/** The fields that ask for a thinking mode, `off` where something else needs it so. No mode sends nothing. */
export function thinkingFields(
  reasoning: ModelCard['reasoning'],
  mode: ThinkingMode | 'off' | undefined,
  style: ProviderQuirks['thinkingStyle'],
): Fields {
  if (mode === undefined || reasoning.kind === 'none') return {};
  return style === 'effort' ? effortAlone(reasoning, mode) : thinkingAndEffort(reasoning, mode);
}

function effortAlone({ alwaysOn, efforts = [] }: ModelCard['reasoning'], mode: ThinkingMode | 'off'): Fields {
  if (!alwaysOn && efforts.includes(NO_EFFORT) && (mode === 'off' || isLeast(mode, efforts))) {
    return { reasoning_effort: NO_EFFORT };
  }
  return mode === 'off' ? {} : effortField(mode, efforts);
}

function thinkingAndEffort(
  { kind, alwaysOn, efforts = [], maxThinkingTokens = 0 }: ModelCard['reasoning'],
  mode: ThinkingMode | 'off',
): Fields {
  const off = { thinking: { type: 'disabled' } };
  const on = { thinking: { type: 'enabled' } };
  if (mode === 'off') return alwaysOn ? {} : off;
  if (kind === 'toggle') return alwaysOn ? {} : mode === 'minimal' ? off : on;
  if (kind === 'budget') {
    const tokens = Math.max(SMALLEST_BUDGET, Math.round(BUDGET_SHARES[mode] * maxThinkingTokens));
    return { thinking: { type: 'enabled', budget_tokens: tokens } };
  }
  // A model with efforts that can also be switched off spends least when it is off.
  if (!alwaysOn && isLeast(mode, efforts)) return off;
  return { ...(!alwaysOn && on), ...effortField(mode, efforts) };
}

function isLeast(mode: ThinkingMode, efforts: readonly string[]): boolean {
  return mode === 'minimal' && !efforts.includes('minimal') && !efforts.includes('low');
}

function effortField(mode: ThinkingMode, efforts: readonly string[]): Fields {
  const effort = EFFORTS[mode].find((candidate) => efforts.includes(candidate));
  return effort === undefined ? {} : { reasoning_effort: effort };
}
