import type { Completion, CompletionDelta, CompletionRequest, ModelClient } from '../model-client.js';
import type { Outcome } from './outcome.js';
import type { ProviderGuard } from './provider-guard.js';
import { WrappedClient } from './wrapped.client.js';

type OnDelta = (delta: CompletionDelta) => void;

/**
 * Refuses what the provider would not answer now: an open circuit, a pause the vendor asked for, no free slot.
 * Sends everything else once. What is known before the wait for a slot is looked at again after it.
 */
export class GuardedClient extends WrappedClient {
  constructor(
    client: ModelClient,
    private readonly guard: ProviderGuard,
    private readonly keyVariable: string,
  ) {
    super(client);
  }

  /** @throws ProviderBusy, besides what the client inside throws. */
  override async complete(
    request: CompletionRequest,
    signal: AbortSignal,
    onDelta?: OnDelta,
  ): Promise<Completion> {
    const { guard } = this;
    guard.check(request.model, this.keyVariable);
    guard.gate.check();
    const outcome = await guard.slots.run(
      signal,
      () => this.send(request, signal, onDelta),
      request.cameBack,
    );
    if ('error' in outcome) throw outcome.error;
    return outcome.completion;
  }

  private async send(
    request: CompletionRequest,
    signal: AbortSignal,
    onDelta: OnDelta | undefined,
  ): Promise<Outcome> {
    const { guard, client } = this;
    const number = await guard.gate.take(signal);
    guard.check(request.model, this.keyVariable);
    if (request.admit) {
      await request.admit();
      guard.check(request.model, this.keyVariable);
    }
    return guard.send(request.model.id, number, (onHeard) =>
      client.complete(request, signal, withHeard(onDelta, onHeard)).then(
        (completion) => ({ completion }),
        (error: unknown) => ({ error }),
      ),
    );
  }
}

function withHeard(onDelta: OnDelta | undefined, onHeard: (() => void) | undefined): OnDelta | undefined {
  if (!onHeard) return onDelta;
  return (delta) => {
    onHeard();
    onDelta?.(delta);
  };
}
