import { type FoundPage, type SearchQuery } from '#libs/providers';

export type VendorSearch = Omit<SearchQuery, 'correlationId' | 'admit' | 'cameBack'>;

export interface VendorSearchResult {
  readonly pages: readonly FoundPage[];
  /** US dollars; absent = it is free, or nobody knows. */
  readonly costUsd?: number;
}

/** What vendors offer beside models, for one attempt of a call. */
export interface VendorServices {
  /**
   * @throws AttemptPostponed when the provider has no place now
   * @throws AttemptFailed when it was asked in vain
   * @throws ExaiError PROVIDER_NOT_CONFIGURED, MODEL_CAPABILITY or QUOTA_EXCEEDED before anything is sent
   */
  webSearch(provider: string, query: VendorSearch): Promise<VendorSearchResult>;
}
