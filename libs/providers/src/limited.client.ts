import { bulkhead, type BulkheadPolicy } from 'cockatiel';
import { ModelClient, type Completion, type CompletionRequest } from './model-client.js';

/** Lets only so many requests of one provider out at once; the others wait their turn. */
export class LimitedClient extends ModelClient {
  private readonly slots: BulkheadPolicy;

  constructor(
    private readonly client: ModelClient,
    maxInflight: number,
  ) {
    super();
    this.slots = bulkhead(maxInflight, Infinity);
  }

  override prepare(): Promise<void> {
    return this.client.prepare();
  }

  override complete(request: CompletionRequest, signal: AbortSignal): Promise<Completion> {
    return new Promise((resolve, reject) => {
      // A call that is cancelled while it waits must not wait on.
      const onAbort = () => reject(signal.reason as Error);
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
      // The bulkhead gets no signal: it would drop a cancelled request without handing its slot on.
      this.slots
        .execute(() => {
          signal.throwIfAborted();
          return this.client.complete(request, signal);
        })
        .then(resolve, reject)
        .finally(() => signal.removeEventListener('abort', onAbort));
    });
  }
}
