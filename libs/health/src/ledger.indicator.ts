import { CallLedger } from '#libs/dispatch';
import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { type HealthProbe } from './health-probe.js';

@Injectable()
export class LedgerIndicator implements HealthProbe {
  constructor(
    private readonly health: HealthIndicatorService,
    private readonly ledger: CallLedger,
  ) {}

  async check(): Promise<HealthIndicatorResult> {
    return this.health
      .check('ledger')
      .attempt(() => this.ledger.ping())
      .withTimeout(2_000)
      .cacheFor(1_000);
  }
}
