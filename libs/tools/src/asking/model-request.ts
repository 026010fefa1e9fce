import { ExaiError, toExaiError } from '#libs/errors';
import { Metrics } from '#libs/observability';
import { ProviderBusy, Resilience, type RouteDecision } from '#libs/providers';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { AttemptFailed } from '../attempt-failed.js';
import { AttemptPostponed } from '../attempt-postponed.js';
import { routeFields } from './route-fields.js';
import { type AttemptContext } from '../tool.js';

/** What every engine does around asking the model that the router chose: record the decision, sort the failure. */
@Injectable()
export class ModelRequest {
  constructor(
    private readonly resilience: Resilience,
    private readonly metrics: Metrics,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(ModelRequest.name);
  }

  /**
   * @throws AttemptPostponed when the provider had no place: nothing was sent.
   * @throws AttemptFailed for every other failure.
   */
  async run<T>(
    route: RouteDecision,
    requested: string,
    { signal }: AttemptContext,
    ask: () => Promise<T>,
  ): Promise<T> {
    try {
      const answer = await ask();
      this.record(route, requested);
      return answer;
    } catch (error) {
      if (error instanceof ProviderBusy && !signal.aborted) throw postponed(error);
      this.record(route, requested);
      throw this.failed(error, route, signal);
    }
  }

  private record(route: RouteDecision, requested: string): void {
    const { reason, provider } = route.trace;
    this.metrics.routeDecisions.inc({ reason, provider });
    this.logger.info({ route: routeFields(route, requested) }, 'model chosen');
  }

  private failed(error: unknown, { card, next }: RouteDecision, signal: AbortSignal): AttemptFailed {
    // A client that was cut off may report the cut; why it was cut is the truth.
    const cause = signal.aborted && signal.reason instanceof ExaiError ? signal.reason : toExaiError(error);
    const reserve = next && ((withinMs: number) => this.resilience.reserveRetry(next.provider, withinMs));
    return new AttemptFailed(cause, { provider: card.provider, model: card.id }, next, reserve);
  }
}

/** The call waits for a place at its provider, or for the end of a pause. */
export function postponed({ provider, delayMs, why }: ProviderBusy): AttemptPostponed {
  if (why === 'full') {
    return new AttemptPostponed(delayMs, `${provider} is full; waiting for a place`, {
      kind: 'provider',
      id: provider,
    });
  }
  const wait = delayMs < 1_000 ? 'waiting a moment' : `waiting about ${Math.round(delayMs / 1_000)} s`;
  return new AttemptPostponed(delayMs, `${provider} has reached its rate limit; ${wait}`);
}
