import type { ModelCard } from '../catalogue/model-card.js';
import type { Completion, CompletionDelta, CompletionRequest, ModelClient } from '../model-client.js';
import { SEARCH_TARGET, type SearchApi } from '../search-api.js';
import type { Answered, Outcome } from './outcome.js';
import type { ProviderGuard } from './provider-guard.js';
import { WrappedClient } from './wrapped.client.js';

type OnDelta = (delta: CompletionDelta) => void;

/** What has a circuit of its own. */
type Target = Pick<ModelCard, 'provider' | 'id'>;
type Admission = Pick<CompletionRequest, 'admit' | 'cameBack'>;
type Ask<T> = (onHeard?: () => void) => Promise<T>;

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
    const { searchApi } = client;
    if (searchApi) Object.assign(this, { searchApi: this.guardedSearch(searchApi) });
  }

  /** @throws ProviderBusy, besides what the client inside throws. */
  override complete(request: CompletionRequest, signal: AbortSignal, onDelta?: OnDelta): Promise<Completion> {
    return this.run(request.model, request, signal, (onHeard) =>
      this.client.complete(request, signal, withHeard(onDelta, onHeard)),
    );
  }

  /** Takes the same slots as models do, as the vendor counts requests of an account together. */
  private guardedSearch(searchApi: SearchApi): SearchApi {
    const target = { provider: this.guard.provider, id: SEARCH_TARGET };
    return {
      priceUsd: searchApi.priceUsd,
      search: (query, signal) => this.run(target, query, signal, () => searchApi.search(query, signal)),
    };
  }

  private async run<T extends Answered>(
    target: Target,
    admission: Admission,
    signal: AbortSignal,
    ask: Ask<T>,
  ): Promise<T> {
    const { guard } = this;
    guard.check(target, this.keyVariable);
    guard.gate.check();
    const outcome = await guard.slots.run(
      signal,
      () => this.send(target, admission, signal, ask),
      admission.cameBack,
    );
    if ('error' in outcome) throw outcome.error;
    // Circuits hand on the very answer they were given.
    return outcome.completion as T;
  }

  private async send(
    target: Target,
    { admit }: Admission,
    signal: AbortSignal,
    ask: Ask<Answered>,
  ): Promise<Outcome> {
    const { guard } = this;
    const number = await guard.gate.take(signal);
    guard.check(target, this.keyVariable);
    if (admit) {
      await admit();
      guard.check(target, this.keyVariable);
    }
    return guard.send(target.id, number, (onHeard) =>
      ask(onHeard).then(
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
