import type { ProviderDescriptor } from '../define.js';
import { type CircuitState, type CircuitView, stricter } from './circuit.js';
import type { ProviderGuard } from './provider-guard.js';

/** What this process knows about one provider from asking it. */
export interface ProviderHealthReport {
  readonly provider: string;
  /** The worst that holds for all its models. */
  readonly state: CircuitState;
  readonly retryAt?: Date;
  readonly lastError?: string;
  /** 0 to 1 over five minutes; absent = no requests. */
  readonly successRate?: number;
  readonly p95Ms?: number;
  readonly inFlight: number;
  readonly maxInflight: number;
  /** The vendor asked for a pause. */
  readonly rateLimitedUntil?: Date;
  /** Models whose own circuit is not closed. */
  readonly models: readonly {
    readonly model: string;
    readonly state: CircuitState;
    readonly retryAt?: Date;
    readonly cause?: string;
  }[];
}

export function reportOn(guard: ProviderGuard, { models }: ProviderDescriptor): ProviderHealthReport {
  const now = Date.now();
  const views = guard.models.map((model) => ({ model, view: guard.viewOf(model, now) }));
  const view = mildest([
    ...models.filter(({ status }) => status !== 'retired').map(({ id }) => guard.viewOf(id, now)),
    ...views.map((known) => known.view),
  ]);
  const { lastError } = guard;
  const successRate = guard.successRate();
  const p95Ms = guard.p95Ms();
  const pauseMs = guard.gate.waitMs(now);
  return {
    provider: guard.provider,
    state: view.state,
    ...retryAt(view, now),
    ...(lastError !== undefined && { lastError }),
    ...(successRate !== undefined && { successRate }),
    ...(p95Ms !== undefined && { p95Ms }),
    inFlight: guard.slots.inFlight,
    maxInflight: guard.slots.size,
    ...(pauseMs > 0 && { rateLimitedUntil: new Date(now + pauseMs) }),
    models: views
      .filter((known) => known.view.state !== 'closed')
      .map((known) => ({
        model: known.model,
        state: known.view.state,
        ...retryAt(known.view, now),
        ...(known.view.cause && { cause: known.view.cause }),
      })),
  };
}

function mildest(views: readonly CircuitView[]): CircuitView {
  const [first, ...others] = views;
  if (!first) return { state: 'closed' };
  return others.reduce((mild, view) => (stricter(mild, view) === mild ? view : mild), first);
}

function retryAt({ retryInMs }: CircuitView, now: number): { readonly retryAt?: Date } {
  return retryInMs === undefined ? {} : { retryAt: new Date(now + retryInMs) };
}
