export { catalogue, ERROR_CODES, type ErrorCode, isErrorCode } from './catalogue.js';
export { exitCodeOf, toExaiError } from './convert.js';
export {
  type CatalogueEntry,
  type ErrorCategory,
  type ErrorDetails,
  type ErrorIssue,
  type RetryClass,
  type Severity,
} from './entry.js';
export {
  type EnvelopeDetails,
  type ErrorEnvelope,
  errorFromEnvelope,
  type ErrorIds,
  type Problem,
  toEnvelope,
  toProblem,
} from './envelope.js';
export { ExaiError, type ExaiErrorOptions } from './exai-error.js';
export { EXIT_CODES, type ExitCode } from './exit-codes.js';
