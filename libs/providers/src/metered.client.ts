import { isErrorCode } from '#libs/errors';
import { type Metrics } from '#libs/observability';
import { ModelClient, type Completion, type CompletionRequest } from './model-client.js';

/** Counts and times every request of the client it wraps. */
export class MeteredClient extends ModelClient {
  constructor(
    private readonly client: ModelClient,
    private readonly provider: string,
    private readonly metrics: Metrics,
  ) {
    super();
  }

  override prepare(): Promise<void> {
    return this.client.prepare();
  }

  override async complete(request: CompletionRequest, signal: AbortSignal): Promise<Completion> {
    const labels = { provider: this.provider, model: request.model.id };
    const stopTimer = this.metrics.providerDuration.startTimer(labels);
    let code = 'ok';
    try {
      const completion = await this.client.complete(request, signal);
      this.metrics.providerTokens.inc({ ...labels, direction: 'input' }, completion.usage.input);
      this.metrics.providerTokens.inc({ ...labels, direction: 'output' }, completion.usage.output);
      return completion;
    } catch (error) {
      const thrown = (error as { code?: unknown }).code;
      code = isErrorCode(thrown) ? thrown : 'INTERNAL';
      throw error;
    } finally {
      stopTimer();
      this.metrics.providerRequests.inc({ ...labels, code });
    }
  }
}
