import type { RateLimitState } from './rate-limit-state.js';

/** What circuits and metrics call the search of a vendor, where a model has its id. */
export const SEARCH_TARGET = 'web_search';

export const SEARCH_RECENCIES = ['oneDay', 'oneWeek', 'oneMonth', 'oneYear', 'noLimit'] as const;

/** One search of the web, without a model. */
export interface SearchQuery {
  readonly query: string;
  /** Pages at most. */
  readonly count: number;
  /** The vendor's name of an engine; default: its usual one. */
  readonly engine?: string;
  /** Only pages of this domain. */
  readonly domain?: string;
  /** Only pages so young. */
  readonly recency?: (typeof SEARCH_RECENCIES)[number];
  /** How much of each page is told. */
  readonly contentSize?: 'medium' | 'high';
  /** Sent upstream as `X-Request-Id`. */
  readonly correlationId: string;
  /** As of a request to a model: awaited once the search has its place, and before anything is sent. */
  readonly admit?: () => Promise<void>;
  /** The call was put back before, for want of a place. */
  readonly cameBack?: boolean;
}

/** Foreign text in all its fields. */
export interface FoundPage {
  readonly title: string;
  readonly url: string;
  readonly snippet: string;
  /** As the vendor writes it. */
  readonly date?: string;
  /** Name of the site. */
  readonly site?: string;
}

export interface SearchAnswer {
  readonly pages: readonly FoundPage[];
  readonly upstreamRequestId?: string;
  readonly rateLimit?: RateLimitState;
  readonly latencyMs: number;
}

/** A vendor's search of the web. */
export interface SearchApi {
  /** US dollars for one search. */
  readonly priceUsd: number;
  /** Exactly one request. Rejects with `ExaiError`. */
  search(query: SearchQuery, signal: AbortSignal): Promise<SearchAnswer>;
}
