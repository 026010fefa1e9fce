import { bulkhead, type BulkheadPolicy } from 'cockatiel';
import type { Completion, CompletionDelta, CompletionRequest, ModelClient } from '../model-client.js';
import { WrappedClient } from './wrapped.client.js';

/** Lets only so many requests of one provider out at once; the others wait their turn. */
export class LimitedClient extends WrappedClient {
  private readonly slots: BulkheadPolicy;

  constructor(client: ModelClient, maxInflight: number) {
    super(client);
    this.slots = bulkhead(maxInflight, Infinity);
  }

  override complete(
    request: CompletionRequest,
    signal: AbortSignal,
    onDelta?: (delta: CompletionDelta) => void,
  ): Promise<Completion> {
    return new Promise((resolve, reject) => {
      // A call that is cancelled while it waits must not wait on.
      const onAbort = () => reject(signal.reason as Error);
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
      // The bulkhead gets no signal: it would drop a cancelled request without handing its slot on.
      this.slots
        .execute(() => {
          signal.throwIfAborted();
          return this.client.complete(request, signal, onDelta);
        })
        .then(resolve, reject)
        .finally(() => signal.removeEventListener('abort', onAbort));
    });
  }
}
