/** USD one request is likely to cost, known before it is sent. */
export interface CostEstimate {
  readonly usd: number;
  /** Of that, what the vendor may charge although no answer arrives. */
  readonly inputUsd: number;
}

/** A reservation to be settled exactly once, whatever became of the request. */
export interface Settlement {
  /** @param usd what the request cost; 0 when nothing was sent */
  settle(usd: number): void;
}

/** Where an attempt accounts for its money. */
export interface Spending {
  /** @throws ExaiError QUOTA_EXCEEDED when the request could exceed the day's budget */
  reserve(estimate: CostEstimate): Promise<Settlement>;
}
