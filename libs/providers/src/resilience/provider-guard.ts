import { ExaiError } from '#libs/errors';
import type { ModelCard } from '../catalogue/model-card.js';
import { CallStatistics } from './call-statistics.js';
import { Circuit, CLOSED, type CircuitView, letsThrough, stricter } from './circuit.js';
import type { ResilienceLimits } from './limits.js';
import { type Outcome, verdictOnModel, verdictOnProvider } from './outcome.js';
import { RateGate } from './rate-gate.js';
import { refusalOf } from './refusal.js';
import { RetryBudget } from './retry-budget.js';
import { type KeptPlace, type Room, Slots } from './slots.js';

/** `model` is absent for the circuit of the provider as a whole. */
export interface GuardEvents {
  /** A model is asked for the first time. */
  onModel(guard: ProviderGuard, model: string): void;
  onChange(guard: ProviderGuard, model?: string): void;
  onRoom(guard: ProviderGuard): void;
}

/** What this process knows about one provider, as long as its key and address stay the same. */
export class ProviderGuard {
  readonly gate: RateGate;
  readonly retries: RetryBudget;
  slots: Slots;
  lastError: string | undefined;
  private readonly statistics = new CallStatistics();
  private readonly whole: Circuit;
  /** By model id; a model has one from its first request on. */
  private readonly circuits = new Map<string, Circuit>();
  /** A circuit is not closed; while none is, asking for views costs nothing. */
  private troubled = false;
  /** The newest answer was a fault. */
  private doubtful = false;

  constructor(
    readonly provider: string,
    maxInflight: number,
    private readonly limits: ResilienceLimits,
    private readonly events: GuardEvents,
  ) {
    this.slots = this.openSlots(maxInflight);
    this.gate = new RateGate(provider, limits);
    this.retries = new RetryBudget(limits);
    this.whole = new Circuit(verdictOnProvider, limits, () => this.changed());
  }

  /** Requests under way keep the slots they have. */
  resize(maxInflight: number): void {
    if (maxInflight === this.slots.size) return;
    this.slots = this.openSlots(maxInflight);
    this.events.onRoom(this);
  }

  viewOf(model: string, now?: number): CircuitView {
    if (!this.troubled) return CLOSED;
    return stricter(this.whole.view(now), this.circuits.get(model)?.view(now) ?? CLOSED);
  }

  /** The circuit of the provider as a whole. */
  view(): CircuitView {
    return this.whole.view();
  }

  /** Ids of the models that were asked. */
  get models(): readonly string[] {
    return [...this.circuits.keys()];
  }

  /**
   * None as well while its vendor wants a pause. After a fault a free slot counts as a place in line until requests
   * that are under way tell more: if the provider went silent, they are enough to pay for finding out.
   */
  get room(): Room {
    if (this.gate.waitMs() > 0) return 'none';
    const { room, inFlight } = this.slots;
    return room === 'free' && this.doubtful && inFlight > 0 ? 'line' : room;
  }

  keepPlace(): KeptPlace | undefined {
    // Calls that wait for the end of a pause know when it is; waking others would only send them back.
    return this.gate.waitMs() > 0 ? undefined : this.slots.keepPlace();
  }

  /** @throws ExaiError when a circuit refuses the model, or what has its own circuit as a model has. */
  check(card: Pick<ModelCard, 'provider' | 'id'>, keyVariable: string): void {
    if (!this.troubled) return;
    const view = this.viewOf(card.id);
    if (!letsThrough(view)) throw refusalOf(card, view, keyVariable);
  }

  /** Sends one request through both circuits; `check` must have passed in the same turn of the event loop. */
  async send(
    model: string,
    request: number,
    ask: (onHeard?: () => void) => Promise<Outcome>,
  ): Promise<Outcome> {
    this.retries.sent();
    const startedAt = performance.now();
    const outcome = await this.whole.run((onProviderHeard) =>
      this.circuitOf(model).run((onModelHeard) => ask(both(onProviderHeard, onModelHeard))),
    );
    this.learn(outcome, request, performance.now() - startedAt);
    return outcome;
  }

  successRate(): number | undefined {
    return this.statistics.successRate();
  }

  p95Ms(): number | undefined {
    return this.statistics.p95Ms();
  }

  private openSlots(size: number): Slots {
    return new Slots(this.provider, size, this.limits, () => this.events.onRoom(this));
  }

  private circuitOf(model: string): Circuit {
    let circuit = this.circuits.get(model);
    if (!circuit) {
      circuit = new Circuit(verdictOnModel, this.limits, () => this.changed(model));
      this.circuits.set(model, circuit);
      this.events.onModel(this, model);
    }
    return circuit;
  }

  private changed(model?: string): void {
    this.troubled = !this.whole.isClosed || [...this.circuits.values()].some(({ isClosed }) => !isClosed);
    this.events.onChange(this, model);
  }

  private learn(outcome: Outcome, request: number, durationMs: number): void {
    const verdict = verdictOnModel(outcome);
    if (verdict !== 'nothing') this.doubtful = verdict === 'fault';
    if (!('error' in outcome)) {
      const { rateLimit, latencyMs, firstTokenMs = latencyMs } = outcome.completion;
      this.statistics.succeeded(durationMs);
      if (rateLimit) this.gate.learn(request, rateLimit, Date.now() - Math.max(0, latencyMs - firstTokenMs));
      return;
    }
    const { error } = outcome;
    if (!(error instanceof ExaiError)) return;
    const { code, details } = error;
    const limited = code === 'PROVIDER_RATE_LIMITED';
    if (limited && details.retryAfterMs !== undefined) this.gate.pause(details.retryAfterMs);
    const failed = verdictOnModel(outcome) === 'fault' || limited || isRefusalOfAccount(code);
    if (!failed) return;
    this.statistics.failed();
    this.lastError = error.message;
  }
}

function isRefusalOfAccount(code: string): boolean {
  return code === 'PROVIDER_AUTH' || code === 'PROVIDER_QUOTA';
}

function both(a: (() => void) | undefined, b: (() => void) | undefined): (() => void) | undefined {
  if (!a || !b) return a ?? b;
  return () => {
    a();
    b();
  };
}
