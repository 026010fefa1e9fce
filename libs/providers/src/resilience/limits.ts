/** Every number the guarding of providers goes by. Milliseconds, unless it says otherwise. */
export interface ResilienceLimits {
  /** Faults in a row that open a circuit. */
  readonly faultsInARow: number;
  /** Share of failed requests that opens it, once there were `faultSample` requests in the window. */
  readonly faultShare: number;
  readonly faultSample: number;
  readonly faultWindowMs: number;
  /** An open circuit lets one request try after this long. */
  readonly halfOpenAfterMs: number;
  /** The same after a used-up plan whose reset time is not known. */
  readonly quotaPauseMs: number;
  /** When to ask again while that one request is under way. */
  readonly probePauseMs: number;
  /** Requests that may wait in this process for a slot; never more than there are slots. */
  readonly lineLength: number;
  /** Bounds of the time after which a call that found no place comes back. */
  readonly minPutBackMs: number;
  readonly maxPutBackMs: number;
  /** A vendor's pause up to this long is waited for; a longer one is an error. */
  readonly longestPauseMs: number;
  /** Further attempts per first try. */
  readonly retryShare: number;
  /** Further attempts that are always free, per window. */
  readonly retryFloor: number;
  readonly retryWindowMs: number;
  /** No further attempt is planned later than this. */
  readonly retryHorizonMs: number;
}

export const RESILIENCE_LIMITS: ResilienceLimits = {
  faultsInARow: 5,
  faultShare: 0.5,
  faultSample: 20,
  faultWindowMs: 10_000,
  halfOpenAfterMs: 10_000,
  quotaPauseMs: 300_000,
  probePauseMs: 1_000,
  lineLength: 8,
  minPutBackMs: 100,
  maxPutBackMs: 10_000,
  longestPauseMs: 60_000,
  retryShare: 0.2,
  retryFloor: 30,
  retryWindowMs: 10_000,
  retryHorizonMs: 60_000,
};
