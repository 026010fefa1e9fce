import { ToolCallProcessor } from '#libs/dispatch';
import { type HealthProbe } from '#libs/health';
import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';

/** Red while the worker takes no jobs: not yet running, or draining. */
@Injectable()
export class ConsumingIndicator implements HealthProbe {
  constructor(
    private readonly health: HealthIndicatorService,
    private readonly processor: ToolCallProcessor,
  ) {}

  check(): Promise<HealthIndicatorResult> {
    const session = this.health.check('consuming');
    return Promise.resolve(this.processor.isRunning ? session.up() : session.down('takes no jobs'));
  }
}
