import { AdmissionControl, Reconciler } from '#libs/dispatch';
import { type HealthProbe } from '#libs/health';
import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';

/** Red while the gateway takes no calls: before the reconciler has run and while it drains. */
@Injectable()
export class AcceptingIndicator implements HealthProbe {
  constructor(
    private readonly health: HealthIndicatorService,
    private readonly admission: AdmissionControl,
    private readonly reconciler: Reconciler,
  ) {}

  check(): Promise<HealthIndicatorResult> {
    const session = this.health.check('accepting');
    if (this.admission.isDraining) return Promise.resolve(session.down('draining'));
    if (!this.reconciler.hasRun) return Promise.resolve(session.down('reconciling'));
    return Promise.resolve(session.up());
  }
}
