import { isErrorCode } from '#libs/errors';
import { type Metrics } from '#libs/observability';
import type { Completion, CompletionDelta, CompletionRequest, ModelClient } from '../model-client.js';
import { WrappedClient } from './wrapped.client.js';

/** Counts and times every request of the client it wraps. */
export class MeteredClient extends WrappedClient {
  constructor(
    client: ModelClient,
    private readonly provider: string,
    private readonly metrics: Metrics,
  ) {
    super(client);
  }

  override async complete(
    request: CompletionRequest,
    signal: AbortSignal,
    onDelta?: (delta: CompletionDelta) => void,
  ): Promise<Completion> {
    const { metrics } = this;
    const labels = { provider: this.provider, model: request.model.id };
    const stopTimer = metrics.providerDuration.startTimer(labels);
    let code = 'ok';
    try {
      const completion = await this.client.complete(request, signal, onDelta);
      const { usage, firstTokenMs } = completion;
      metrics.providerTokens.inc({ ...labels, direction: 'input' }, usage.input);
      metrics.providerTokens.inc({ ...labels, direction: 'output' }, usage.output);
      if (firstTokenMs !== undefined) metrics.providerFirstToken.observe(labels, firstTokenMs / 1_000);
      return completion;
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
