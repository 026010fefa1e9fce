import { isErrorCode, type ErrorCode } from './catalogue.js';
import { cleanText } from './clean-text.js';
import { type ErrorCategory, type ErrorDetails, type ErrorIssue } from './entry.js';
import { ExaiError } from './exai-error.js';

/** The details that may travel. */
export interface EnvelopeDetails {
  readonly issues?: readonly ErrorIssue[];
  readonly suggestions?: readonly string[];
  readonly limit?: string | number;
  readonly stage?: string;
  readonly requiredCapabilities?: unknown;
  readonly requiredScope?: string | readonly string[];
  readonly variable?: string;
  readonly field?: string;
  /** At most 500 characters. */
  readonly reason?: string;
}

/** One shape for every reply, the ledger, the journal, the dashboard and the command line. */
export interface ErrorEnvelope {
  readonly code: ErrorCode;
  readonly category: ErrorCategory;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  readonly message: string;
  readonly hint: string;
  readonly correlationId: string;
  readonly callId?: string;
  readonly provider?: string;
  readonly model?: string;
  readonly attempts?: number;
  readonly upstreamStatus?: number;
  readonly upstreamRequestId?: string;
  readonly docs: string;
  readonly details?: EnvelopeDetails;
}

export interface ErrorIds {
  readonly correlationId: string;
  readonly callId?: string | undefined;
}

/** The envelope as `application/problem+json` carries it. */
export interface Problem extends ErrorEnvelope {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}

/** For each text, the reason included. */
const TEXT_LIMIT = 500;

/** The JSON-safe envelope of an error; anything not listed in `ErrorEnvelope` stays in the process. */
export function toEnvelope(error: ExaiError, ids: ErrorIds): ErrorEnvelope {
  const { details, entry } = error;
  const travelling = travellingDetails(error);
  return withoutUndefined({
    code: error.code,
    category: entry.category,
    retryable: error.retryable,
    retryAfterMs: wholeNumber(details.retryAfterMs),
    message: error.message,
    hint: error.hint,
    correlationId: ids.correlationId,
    callId: ids.callId,
    provider: text(details.provider),
    model: text(details.model),
    attempts: wholeNumber(details.attempts),
    upstreamStatus: wholeNumber(details.upstreamStatus),
    upstreamRequestId: text(details.upstreamRequestId),
    docs: entry.docs,
    details: Object.keys(travelling).length > 0 ? travelling : undefined,
  }) as unknown as ErrorEnvelope;
}

/** The error an envelope describes, worded as it was; an unknown code becomes `INTERNAL`. */
export function errorFromEnvelope(envelope: ErrorEnvelope): ExaiError {
  const { provider, model, retryAfterMs, attempts, upstreamStatus, upstreamRequestId } = envelope;
  const details = withoutUndefined({
    ...envelope.details,
    provider,
    model,
    retryAfterMs,
    attempts,
    upstreamStatus,
    upstreamRequestId,
  }) as ErrorDetails;
  if (!isErrorCode(envelope.code)) return new ExaiError('INTERNAL');
  return new ExaiError(envelope.code, details, {
    wording: { message: envelope.message, hint: envelope.hint },
  });
}

/** Body of an `application/problem+json` answer; `status` is the HTTP status to send. */
export function toProblem(error: ExaiError, ids: ErrorIds): Problem {
  const envelope = toEnvelope(error, ids);
  return {
    type: envelope.docs,
    title: envelope.code,
    status: error.entry.http,
    detail: envelope.message,
    ...envelope,
  };
}

/** Codes whose reason is the text of a foreign error: it may name hosts, users or paths, so only the log has it. */
const REASON_WITHHELD: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['STORE_UNAVAILABLE']);

function travellingDetails({ code, details }: ExaiError): EnvelopeDetails {
  if (code === 'INTERNAL') return {};
  return withoutUndefined({
    issues: issueList(details.issues),
    suggestions: textList(details.suggestions),
    limit: text(details['limit']) ?? finite(details['limit']),
    stage: text(details['stage']),
    requiredCapabilities: jsonSafe(details['requiredCapabilities']),
    requiredScope: text(details['requiredScope']) ?? textList(details['requiredScope']),
    variable: text(details['variable']),
    field: text(details['field']),
    reason: REASON_WITHHELD.has(code) ? undefined : text(details.reason),
  });
}

function withoutUndefined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function text(value: unknown): string | undefined {
  return cleanText(value, TEXT_LIMIT);
}

/** `+ 0` turns -0, which JSON would lose, into 0. */
function finite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value + 0 : undefined;
}

function wholeNumber(value: unknown): number | undefined {
  const number = finite(value);
  return number === undefined ? undefined : Math.max(0, Math.ceil(number));
}

function textList(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const texts = value.flatMap((item: unknown) => text(item) ?? []);
  return texts.length > 0 ? texts : undefined;
}

function issueList(value: unknown): readonly ErrorIssue[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const issues = value.flatMap((item: unknown) => {
    const { pointer, expected } = (item ?? {}) as Partial<Record<keyof ErrorIssue, unknown>>;
    // The empty pointer is the whole document.
    return typeof pointer === 'string'
      ? [{ pointer: text(pointer) ?? '', expected: text(expected) ?? '' }]
      : [];
  });
  return issues.length > 0 ? issues : undefined;
}

function jsonSafe(value: unknown): unknown {
  try {
    const json: string | undefined = JSON.stringify(value);
    return json === undefined ? undefined : (JSON.parse(json) as unknown);
  } catch {
    return undefined;
  }
}
