import { type HealthIndicatorResult } from '@nestjs/terminus';

/** One thing that readiness depends on. */
export interface HealthProbe {
  check(): Promise<HealthIndicatorResult>;
}

/** The probes of this process, in the order in which they are reported. */
export const HEALTH_PROBES = Symbol('HEALTH_PROBES');
