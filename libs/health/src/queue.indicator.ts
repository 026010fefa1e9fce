import { CallQueue } from '#libs/dispatch';
import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { type HealthProbe } from './health-probe.js';

@Injectable()
export class QueueIndicator implements HealthProbe {
  constructor(
    private readonly health: HealthIndicatorService,
    private readonly queue: CallQueue,
  ) {}

  async check(): Promise<HealthIndicatorResult> {
    const session = this.health.check('queue');
    const policy = this.queue.unsafeEvictionPolicy;
    if (policy !== undefined) return session.down(`Redis may delete jobs: maxmemory-policy is ${policy}`);
    return session
      .attempt(() => this.queue.depth())
      .withTimeout(2_500)
      .cacheFor(1_000);
  }
}
