import { isErrorCode } from '#libs/errors';
import { type Metrics } from '#libs/observability';
import type { Completion, CompletionDelta, CompletionRequest, ModelClient } from '../model-client.js';
import { SEARCH_TARGET, type SearchApi } from '../search-api.js';
import { WrappedClient } from './wrapped.client.js';

interface RequestLabels {
  readonly provider: string;
  /** Of a search, what stands in the place of a model. */
  readonly model: string;
}

/** Counts and times every request of the client it wraps. */
export class MeteredClient extends WrappedClient {
  constructor(
    client: ModelClient,
    private readonly provider: string,
    private readonly metrics: Metrics,
  ) {
    super(client);
    const { searchApi } = client;
    if (searchApi) Object.assign(this, { searchApi: this.meteredSearch(searchApi) });
  }

  override async complete(
    request: CompletionRequest,
    signal: AbortSignal,
    onDelta?: (delta: CompletionDelta) => void,
  ): Promise<Completion> {
    const { metrics } = this;
    const labels = { provider: this.provider, model: request.model.id };
    return this.measured(labels, async () => {
      const completion = await this.client.complete(request, signal, onDelta);
      const { usage, firstTokenMs } = completion;
      metrics.providerTokens.inc({ ...labels, direction: 'input' }, usage.input);
      metrics.providerTokens.inc({ ...labels, direction: 'output' }, usage.output);
      if (firstTokenMs !== undefined) metrics.providerFirstToken.observe(labels, firstTokenMs / 1_000);
      return completion;
    });
  }

  private meteredSearch(searchApi: SearchApi): SearchApi {
    const labels = { provider: this.provider, model: SEARCH_TARGET };
    return {
      priceUsd: searchApi.priceUsd,
      search: (query, signal) => this.measured(labels, () => searchApi.search(query, signal)),
    };
  }

  private async measured<T>(labels: RequestLabels, ask: () => Promise<T>): Promise<T> {
    const { metrics } = this;
    const stopTimer = metrics.providerDuration.startTimer(labels);
    let code = 'ok';
    try {
      return await ask();
    } catch (error) {
      const thrown = (error as { code?: unknown }).code;
      code = isErrorCode(thrown) ? thrown : 'INTERNAL';
      throw error;
    } finally {
      stopTimer();
      metrics.providerRequests.inc({ ...labels, code });
    }
  }
}
