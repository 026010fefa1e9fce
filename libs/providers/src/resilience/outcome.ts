import { type ErrorCode, ExaiError } from '#libs/errors';
import type { Completion } from '../model-client.js';

/** What there is to learn from an answer, be it of a model or of a search. */
export type Answered = Pick<Completion, 'rateLimit' | 'latencyMs' | 'firstTokenMs'>;

/** How a request ended; a value, so that circuits can look at it without catching and throwing. */
export type Outcome = { readonly completion: Answered } | { readonly error: unknown };

/**
 * What an outcome says about the health of what was asked. `fault`: it failed. `shut`: it will fail until something
 * changes. `alive`: it answered, be it with a refusal of this one request. `nothing`: it was not put to the test.
 */
export type Verdict = 'fault' | 'shut' | 'alive' | 'nothing';

const FAULTS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PROVIDER_UNAVAILABLE',
  'PROVIDER_TIMEOUT',
  'PROVIDER_BAD_RESPONSE',
  'PROVIDER_TLS',
]);

/** Codes of answers in which the vendor found fault with the request, or asked to wait. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PROVIDER_RATE_LIMITED',
  'PROVIDER_REJECTED',
  'CONTEXT_TOO_LARGE',
  'CONTENT_FILTERED',
  'MODEL_NOT_FOUND',
  'OUTPUT_TOO_LARGE',
]);

/** Judges the one model that was asked. */
export function verdictOnModel(outcome: Outcome): Verdict {
  if (!('error' in outcome)) return 'alive';
  const { error } = outcome;
  if (!(error instanceof ExaiError)) return 'nothing';
  if (FAULTS.has(error.code)) return 'fault';
  if (shuts(error)) return concernsModelOnly(error) ? 'shut' : 'nothing';
  return REFUSALS.has(error.code) ? 'alive' : 'nothing';
}

/** Judges the provider as a whole: only what would hit every model counts against it. */
export function verdictOnProvider(outcome: Outcome): Verdict {
  if (!('error' in outcome)) return 'alive';
  const { error } = outcome;
  if (!(error instanceof ExaiError)) return 'nothing';
  if (shuts(error)) return concernsModelOnly(error) ? 'alive' : 'shut';
  if (REFUSALS.has(error.code)) return 'alive';
  if (!FAULTS.has(error.code)) return 'nothing';
  switch (error.code) {
    case 'PROVIDER_TLS':
      return 'fault';
    case 'PROVIDER_TIMEOUT':
      return error.details['stage'] === 'connect' ? 'fault' : 'nothing';
    case 'PROVIDER_UNAVAILABLE':
      return wasAnswered(error) ? 'alive' : 'fault';
    default:
      return 'alive';
  }
}

function shuts({ code }: ExaiError): boolean {
  return code === 'PROVIDER_AUTH' || code === 'PROVIDER_QUOTA';
}

function concernsModelOnly({ details }: ExaiError): boolean {
  return details['scope'] === 'model';
}

/** Only an answer has a status or an id of the vendor's; a refused connection has neither. */
function wasAnswered({ details }: ExaiError): boolean {
  return details.upstreamStatus !== undefined || details.upstreamRequestId !== undefined;
}
