export { ErrorReporter, type RememberedError, type ReportedError } from './error-reporter.js';
export { createLogger, nestLogger, type Logger } from './logger.js';
export { MetricsController } from './metrics.controller.js';
export { Metrics } from './metrics.js';
export { ObservabilityModule } from './observability.module.js';
export { createRedactor, redactAlso, type Redactor } from './redact.js';
export { currentContext, runInContext, type RequestContext } from './request-context.js';
