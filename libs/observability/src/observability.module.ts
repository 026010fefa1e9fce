import { type DynamicModule } from '@nestjs/common';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { LoggerModule } from 'nestjs-pino';
import { ErrorReporter } from './error-reporter.js';
import { loggerModuleParams, type Logger } from './logger.js';
import { MetricsController } from './metrics.controller.js';
import { Metrics } from './metrics.js';

/** Logging and `/metrics` for one process. */
export class ObservabilityModule {
  static forRoot(logger: Logger): DynamicModule {
    return {
      module: ObservabilityModule,
      global: true,
      imports: [
        LoggerModule.forRoot(loggerModuleParams(logger)),
        PrometheusModule.register({ path: '/metrics', controller: MetricsController }),
      ],
      providers: [Metrics, ErrorReporter],
      exports: [Metrics, ErrorReporter],
    };
  }
}
