import { Metrics } from '#libs/observability';
import {
  Controller,
  Get,
  Header,
  Inject,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  ServiceUnavailableException,
} from '@nestjs/common';
import { HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { HEALTH_PROBES, type HealthProbe } from './health-probe.js';

/** A loop that is stuck this long will not come back; the orchestrator should restart the process. */
const FATAL_LAG_MS = 10_000;
const MEASURE_EVERY_MS = 5_000;

@Controller('health')
export class HealthController implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private readonly lag = monitorEventLoopDelay({ resolution: 20 });

  constructor(
    private readonly health: HealthCheckService,
    @Inject(HEALTH_PROBES) private readonly probes: readonly HealthProbe[],
    private readonly metrics: Metrics,
  ) {
    this.lag.enable();
  }

  /** The metrics must tell the truth also when nobody probes. */
  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.checkAll().catch(() => undefined), MEASURE_EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  @Get()
  @Header('Cache-Control', 'no-store')
  report(): Promise<HealthCheckResult> {
    return this.checkAll();
  }

  /** The process itself, nothing else: a database outage must not restart every container. */
  @Get('live')
  @Header('Cache-Control', 'no-store')
  live(): { status: string } {
    const lagMs = this.lag.max / 1e6;
    this.lag.reset();
    if (lagMs > FATAL_LAG_MS) throw new ServiceUnavailableException({ status: 'error', lagMs });
    return { status: 'ok' };
  }

  @Get('ready')
  @Header('Cache-Control', 'no-store')
  ready(): Promise<HealthCheckResult> {
    return this.checkAll();
  }

  /** Nothing listens before migrations and registration are done, so an answer is the proof. */
  @Get('startup')
  @Header('Cache-Control', 'no-store')
  startup(): { status: string } {
    return { status: 'ok' };
  }

  private async checkAll(): Promise<HealthCheckResult> {
    try {
      const result = await this.health.check(this.probes.map((probe) => () => probe.check()));
      this.count(result, 1);
      return result;
    } catch (error) {
      if (error instanceof ServiceUnavailableException)
        this.count(error.getResponse() as HealthCheckResult, 0);
      throw error;
    }
  }

  private count(result: HealthCheckResult, ready: 0 | 1): void {
    this.metrics.ready.set(ready);
    for (const [check, { status }] of Object.entries(result.details)) {
      this.metrics.checkUp.set({ check }, status === 'down' ? 0 : 1);
    }
  }
}
