import { ExaiError, toExaiError } from '#libs/errors';
import { Metrics } from '#libs/observability';
import {
  ProviderBusy,
  ProviderRegistry,
  Resilience,
  SEARCH_TARGET,
  type SearchAnswer,
  type SearchApi,
} from '#libs/providers';
import { Injectable } from '@nestjs/common';
import { AttemptFailed } from '../attempt-failed.js';
import { tellPhase } from '../asking/model-question.js';
import { postponed } from '../asking/model-request.js';
import { payFor } from '../asking/paid-request.js';
import { type AttemptContext, type ToolCall } from '../tool.js';
import { type VendorSearch, type VendorSearchResult, type VendorServices } from './vendor-services.js';

/** Asks vendors on the way that requests to models take: places, limits, circuits, money, retries. */
@Injectable()
export class VendorDesk {
  constructor(
    private readonly registry: ProviderRegistry,
    private readonly resilience: Resilience,
    private readonly metrics: Metrics,
  ) {}

  servicesFor(call: ToolCall, context: AttemptContext): VendorServices {
    return { webSearch: (provider, query) => this.search(provider, query, call, context) };
  }

  private async search(
    provider: string,
    query: VendorSearch,
    call: ToolCall,
    context: AttemptContext,
  ): Promise<VendorSearchResult> {
    const { searchApi } = this.registry.provider(provider);
    if (!searchApi) {
      const reason = `${provider} has no web search without a model`;
      throw new ExaiError('MODEL_CAPABILITY', { provider, reason });
    }
    this.checkPrice(provider, searchApi, call);
    tellPhase(context, `searching the web at ${provider}`);
    try {
      const { pages } = await this.pay(searchApi, query, call, context);
      const { priceUsd } = searchApi;
      if (priceUsd === 0) return { pages };
      this.metrics.providerCost.inc({ provider, model: SEARCH_TARGET }, priceUsd);
      return { pages, costUsd: priceUsd };
    } catch (error) {
      throw this.failed(error, provider, context.signal);
    }
  }

  private checkPrice(provider: string, { priceUsd }: SearchApi, { principal }: ToolCall): void {
    const limit = Math.min(principal.maxCostUsd ?? Infinity, this.registry.maxCostPerCallUsd ?? Infinity);
    if (priceUsd <= limit) return;
    const reason = `a search costs $${priceUsd}, and the limit of one call is $${limit}`;
    throw new ExaiError('QUOTA_EXCEEDED', { provider, reason });
  }

  private pay(
    searchApi: SearchApi,
    query: VendorSearch,
    { correlationId }: ToolCall,
    { signal, spending, putBacks }: AttemptContext,
  ): Promise<SearchAnswer> {
    const { priceUsd } = searchApi;
    const request = { ...query, correlationId, cameBack: putBacks > 0 };
    if (priceUsd === 0) return searchApi.search(request, signal);
    return payFor({
      estimate: { usd: priceUsd, inputUsd: priceUsd },
      signal,
      spending,
      send: (admit) => searchApi.search({ ...request, admit }, signal),
      priceOf: () => priceUsd,
    });
  }

  private failed(error: unknown, provider: string, signal: AbortSignal): Error {
    if (error instanceof ProviderBusy && !signal.aborted) return postponed(error);
    // A client that was cut off may report the cut; why it was cut is the truth.
    const cause = signal.aborted && signal.reason instanceof ExaiError ? signal.reason : toExaiError(error);
    const reserve = (withinMs: number) => this.resilience.reserveRetry(provider, withinMs);
    return new AttemptFailed(cause, undefined, undefined, reserve);
  }
}
