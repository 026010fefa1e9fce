import { Changes } from '#libs/dispatch';
import { ExaiError, toEnvelope } from '#libs/errors';
import { ErrorReporter } from '#libs/observability';
import { type ProviderHealthReport, ProviderRegistry, Resilience } from '#libs/providers';
import {
  type BeforeApplicationShutdown,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { randomUUID } from 'node:crypto';
import { PROVIDERS_STATUS_URI, ProviderHealthStore } from './provider-health-store.js';

const LOOK_EVERY_MS = 1_000;
/** Also without a change, so that readers know that this process lives. */
const WRITE_EVERY_MS = 10_000;
const NONE_OPEN = JSON.stringify([]);
/** What only a person can repair. */
const ALARMING = ['PROVIDER_AUTH', 'PROVIDER_QUOTA'] as const;

/** Tells the other processes what this worker learns about the providers, and people when they must act. */
@Injectable()
export class ProviderHealthPublisher
  implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  private readonly processId = randomUUID();
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> | undefined;
  private written = { at: 0, state: '' };
  private announced = '';
  private alarms = new Set<string>();

  constructor(
    private readonly resilience: Resilience,
    private readonly registry: ProviderRegistry,
    private readonly store: ProviderHealthStore,
    private readonly changes: Changes,
    private readonly errors: ErrorReporter,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(ProviderHealthPublisher.name);
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.writing;
    if (this.written.at > 0) await this.store.forget(this.processId).catch(() => undefined);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const reports = this.resilience.report();
    this.raiseAlarms(reports);
    if (reports.length === 0) return;
    const state = JSON.stringify(
      reports.map(({ provider, state, lastError, models, successRate }) => [
        provider,
        state,
        lastError,
        models.map(({ model, state: own, cause }) => [model, own, cause]),
        // The first request shows at once; figures that only move can wait.
        successRate === undefined,
      ]),
    );
    const due = state !== this.written.state || Date.now() - this.written.at >= WRITE_EVERY_MS;
    if (due && !this.writing)
      this.writing = this.write(reports, state).finally(() => (this.writing = undefined));
  }

  private async write(reports: readonly ProviderHealthReport[], state: string): Promise<void> {
    try {
      await this.store.write(this.processId, reports);
      this.written = { at: Date.now(), state };
      this.announce(reports);
    } catch (error) {
      this.logger.debug({ err: error }, 'the state of the providers was not written');
    }
  }

  /** Which circuits are open; neither figures nor words about failures are news to clients. */
  private announce(reports: readonly ProviderHealthReport[]): void {
    const now = JSON.stringify(
      reports
        .filter(({ state, models }) => state !== 'closed' || models.length > 0)
        .map(({ provider, state, models }) => [provider, state, models.map((own) => [own.model, own.state])]),
    );
    if (now === (this.announced || NONE_OPEN)) return;
    this.announced = now;
    this.changes.announce({ uri: PROVIDERS_STATUS_URI });
  }

  /** Once when a circuit opens for such a cause, not once per call that meets it. */
  private raiseAlarms(reports: readonly ProviderHealthReport[]): void {
    const now = new Set<string>();
    for (const report of reports) {
      for (const code of ALARMING.filter((alarming) => isOpenFor(report, alarming))) {
        const { provider } = report;
        const alarm = `${provider} ${code}`;
        now.add(alarm);
        if (this.alarms.has(alarm)) continue;
        const variable = this.registry.status(provider).keyVariable;
        const error = new ExaiError(code, { provider, variable });
        this.errors.report(toEnvelope(error, { correlationId: this.processId }));
      }
    }
    this.alarms = now;
  }
}

function isOpenFor({ models }: ProviderHealthReport, code: string): boolean {
  return models.some(({ state, cause }) => state === 'open' && cause === code);
}
