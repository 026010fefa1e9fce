import { type ModelCard } from '#libs/providers';
import { type SimpleTool, type ThinkingMode } from '../define.js';

/** What the caller asked for; absent = left to the tool. */
export interface WantedOptions {
  readonly temperature?: number | undefined;
  readonly thinkingMode?: ThinkingMode | undefined;
  readonly webSearch?: boolean | undefined;
}

export interface FittedOptions {
  readonly temperature?: number;
  readonly thinkingMode?: ThinkingMode;
  readonly webSearch?: true;
  /** What the caller asked for and does not get. */
  readonly warnings: readonly string[];
}

/** What of the wishes this model can do. A tool's own defaults give way without a warning. */
export function fitOptions(
  wanted: WantedOptions,
  defaults: SimpleTool['defaults'],
  card: ModelCard,
): FittedOptions {
  const warnings: string[] = [];
  const temperature = fitTemperature(wanted.temperature ?? defaults.temperature, card);
  if (wanted.temperature !== undefined && temperature !== wanted.temperature) {
    const instead = temperature === undefined ? 'not used' : `changed to ${temperature}`;
    warnings.push(`temperature ${instead}: ${card.id} does not accept the requested value`);
  }
  const thinks = card.reasoning.kind !== 'none';
  const thinkingMode = wanted.thinkingMode ?? defaults.thinkingMode;
  if (wanted.thinkingMode !== undefined && !thinks) {
    warnings.push(`thinking_mode not used: ${card.id} is not a reasoning model`);
  }
  if (wanted.webSearch === true && !card.webSearch) {
    warnings.push(`use_websearch not used: ${card.id} cannot search the web`);
  }
  // Some vendors cannot think and search at once: what the caller named goes before a default.
  const searchByDefault = defaults.webSearch === true && wanted.thinkingMode === undefined;
  return {
    ...(temperature !== undefined && { temperature }),
    ...(thinks && thinkingMode !== undefined && { thinkingMode }),
    ...((wanted.webSearch ?? searchByDefault) && card.webSearch && { webSearch: true }),
    warnings,
  };
}

function fitTemperature(wanted: number | undefined, card: ModelCard): number | undefined {
  const rule = card.temperature;
  if (wanted === undefined || rule === false) return undefined;
  if ('fixed' in rule) return rule.fixed;
  if ('values' in rule) return nearest(wanted, rule.values);
  return Math.min(rule.max, Math.max(rule.min, wanted));
}

function nearest(wanted: number, values: readonly number[]): number {
  return values.reduce((best, value) => (Math.abs(value - wanted) < Math.abs(best - wanted) ? value : best));
}
