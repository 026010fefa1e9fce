import { type CircuitState, type ProviderHealthReport } from '#libs/providers';

/** A report of one worker as it is stored: dates are texts. */
export type StoredHealth = Omit<ProviderHealthReport, 'retryAt'> & {
  readonly retryAt?: string;
  /** Requests behind the success rate. */
  readonly requests?: number;
};

/** What all workers together know about one provider. */
export interface MergedHealth {
  readonly provider: string;
  /** The worst any worker sees. */
  readonly state: CircuitState;
  /** When the last closed circuit may be tried again. */
  readonly retryAt?: Date;
  /** Code of the failure that keeps it from being asked. */
  readonly cause?: string;
  /** In words. */
  readonly lastError?: string;
  /** 0 to 1 over five minutes; absent = no requests. */
  readonly successRate?: number;
  /** The slowest worker's. */
  readonly p95Ms?: number;
  readonly inFlight: number;
  readonly maxInflight: number;
  /** Models whose own circuit is not closed somewhere. */
  readonly models: readonly ModelHealth[];
}

export interface ModelHealth {
  readonly model: string;
  readonly state: CircuitState;
  readonly cause?: string;
}

const BADNESS: Readonly<Record<CircuitState, number>> = { closed: 0, half_open: 1, open: 2 };

export function mergeHealth(reports: readonly StoredHealth[]): MergedHealth[] {
  const byProvider = new Map<string, StoredHealth[]>();
  for (const report of reports) {
    byProvider.set(report.provider, [...(byProvider.get(report.provider) ?? []), report]);
  }
  return [...byProvider].map(([provider, own]) => mergeOne(provider, own));
}

function mergeOne(provider: string, reports: readonly StoredHealth[]): MergedHealth {
  const worst = worstOf(reports);
  const successRate = weightedRate(reports);
  const p95s = reports.flatMap(({ p95Ms }) => p95Ms ?? []);
  const retryAt = reports
    .flatMap((report) => report.retryAt ?? [])
    .sort()
    .at(-1);
  const lastError = worst.lastError ?? reports.find((report) => report.lastError !== undefined)?.lastError;
  const cause = worst.models.find(({ state }) => state === worst.state)?.cause;
  return {
    provider,
    state: worst.state,
    ...(cause !== undefined && worst.state !== 'closed' && { cause }),
    ...(retryAt !== undefined && { retryAt: new Date(retryAt) }),
    ...(lastError !== undefined && { lastError }),
    ...(successRate !== undefined && { successRate }),
    ...(p95s.length > 0 && { p95Ms: Math.max(...p95s) }),
    inFlight: sum(reports.map(({ inFlight }) => inFlight)),
    maxInflight: sum(reports.map(({ maxInflight }) => maxInflight)),
    models: mergeModels(reports.flatMap(({ models }) => models)),
  };
}

function mergeModels(models: readonly ModelHealth[]): ModelHealth[] {
  const names = [...new Set(models.map(({ model }) => model))];
  return names.map((name) => worstOf(models.filter(({ model }) => model === name)));
}

/** A worker without a count weighs as one request: all then count alike. */
function weightedRate(reports: readonly StoredHealth[]): number | undefined {
  const rated = reports.flatMap(({ successRate, requests = 1 }) =>
    successRate === undefined || requests === 0 ? [] : [{ rate: successRate, weight: requests }],
  );
  if (rated.length === 0) return undefined;
  return sum(rated.map(({ rate, weight }) => rate * weight)) / sum(rated.map(({ weight }) => weight));
}

function worstOf<T extends { readonly state: CircuitState }>(items: readonly T[]): T {
  return items.reduce((worst, item) => (BADNESS[item.state] > BADNESS[worst.state] ? item : worst));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
