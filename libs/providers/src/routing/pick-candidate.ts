import { catalogue, isErrorCode } from '#libs/errors';
import type { ModelCard } from '../catalogue/model-card.js';

/** One earlier attempt of a call; `model` is the id of the card that was asked. */
export interface RouteFailure {
  readonly provider: string;
  readonly model: string;
  readonly code: string;
}

/** After these the other models of the same provider are asked last. */
const PROVIDER_WIDE: ReadonlySet<string> = new Set([
  'PROVIDER_UNAVAILABLE',
  'PROVIDER_RATE_LIMITED',
  'PROVIDER_TIMEOUT',
  'PROVIDER_AUTH',
  'PROVIDER_QUOTA',
  'PROVIDER_TLS',
]);

/** What decides between candidates, besides their order. */
export interface PickState {
  readonly failures: readonly RouteFailure[];
  /** Counts from 1. */
  readonly attempt: number;
  /** Only larger windows are asked: the prompt was too large for this one. */
  readonly windowAbove: number;
}

/** The candidate of an attempt: untried ones in order, then round again those whose failure may have passed. */
export function pickCandidate(
  candidates: readonly ModelCard[],
  { failures, attempt, windowAbove }: PickState,
): ModelCard | undefined {
  if (failures.length === 0) return candidates[(attempt - 1) % candidates.length];
  const fresh: ModelCard[] = [];
  const ailing: ModelCard[] = [];
  const again: ModelCard[] = [];
  for (const card of candidates) {
    if (card.contextWindow <= windowAbove) continue;
    const code = lastCodeOf(card, failures);
    if (code === undefined) (isAiling(card, failures) ? ailing : fresh).push(card);
    else if (mayPass(code)) again.push(card);
  }
  const untried = fresh.length + ailing.length;
  if (untried === 0) return again[(attempt - 1) % again.length];
  // An attempt that left no failure behind (its worker died) still counts.
  const place = Math.max(0, attempt - 1 - failures.length) % untried;
  return place < fresh.length ? fresh[place] : ailing[place - fresh.length];
}

/** The largest window that a prompt did not fit into; 0 = it was not too large for any. */
export function refusedWindow(
  failures: readonly RouteFailure[],
  find: (name: string) => ModelCard | undefined,
): number {
  return failures
    .filter(({ code }) => code === 'CONTEXT_TOO_LARGE')
    .map(({ provider, model }) => find(`${provider}/${model}`)?.contextWindow ?? 0)
    .reduce((largest, window) => Math.max(largest, window), 0);
}

function lastCodeOf({ provider, id }: ModelCard, failures: readonly RouteFailure[]): string | undefined {
  return failures.findLast((failure) => failure.model === id && failure.provider === provider)?.code;
}

function isAiling({ provider }: ModelCard, failures: readonly RouteFailure[]): boolean {
  return failures.some((failure) => failure.provider === provider && PROVIDER_WIDE.has(failure.code));
}

function mayPass(code: string): boolean {
  return isErrorCode(code) && catalogue[code].retry === 'queue';
}
