import { type ErrorCode } from '#libs/errors';

/** What a call must come to when the vendor behaves like this, and how many requests the vendor may see for it. */
export interface FaultRow {
  /** A behaviour of the simulator, or of the listener it is asked at. */
  readonly behaviour: string;
  readonly expected: ErrorCode | 'answer';
  /** One attempt is one request. */
  readonly requests: number;
  /** Where the same fault shows itself differently in an answer that is not streamed. */
  readonly whole?: { readonly expected?: ErrorCode | 'answer'; readonly requests?: number } | 'skip';
  /** A server other than the well-behaved one: closed port, wrong or expired certificate. */
  readonly listener?: 'closed' | 'trusted' | 'self-signed' | 'expired' | 'wrong-host';
  /** Text that the answer must hold, for faults that have to be survived. */
  readonly answer?: string;
}

const ATTEMPTS = 3;

const again = (expected: ErrorCode, ...behaviours: string[]): FaultRow[] =>
  behaviours.map((behaviour) => ({ behaviour, expected, requests: ATTEMPTS }));
const onceMore = (expected: ErrorCode, ...behaviours: string[]): FaultRow[] =>
  behaviours.map((behaviour) => ({ behaviour, expected, requests: 2 }));
const final = (expected: ErrorCode, ...behaviours: string[]): FaultRow[] =>
  behaviours.map((behaviour) => ({ behaviour, expected, requests: 1 }));
const survived = (behaviour: string, answer?: string): FaultRow => ({
  behaviour,
  expected: 'answer',
  requests: 1,
  ...(answer !== undefined && { answer }),
});
/** Of a stream only: a whole answer has nothing of the kind. */
const streamOnly = (row: FaultRow): FaultRow => ({ ...row, whole: 'skip' });

/** Contains characters of two, three and four bytes. */
export const WIDE_TEXT = 'äé € 漢字 😀 end';

export const FAULT_ROWS: readonly FaultRow[] = [
  survived('ok'),
  ...again('PROVIDER_RATE_LIMITED', '429(1)', '429-date(1)', '429-bare'),
  ...again('PROVIDER_UNAVAILABLE', '500', '502-html', '503', '529', 'rst-mid-body'),
  // A stream says itself when the answer is complete; what its headers said of the length no longer matters then.
  {
    behaviour: 'short-body',
    expected: 'answer',
    requests: 1,
    whole: { expected: 'PROVIDER_UNAVAILABLE', requests: ATTEMPTS },
  },
  { behaviour: 'refuse', listener: 'closed', expected: 'PROVIDER_UNAVAILABLE', requests: 0 },
  ...final('PROVIDER_AUTH', '401', '403'),
  ...final('PROVIDER_QUOTA', '402'),
  ...final('CONTEXT_TOO_LARGE', '400-context'),
  ...final('MODEL_NOT_FOUND', '404-model'),
  ...final('CONTENT_FILTERED', 'content-filter'),
  ...again('PROVIDER_TIMEOUT', 'hang-accept', 'hang-headers', 'hang-mid-stream', 'slowloris'),
  ...again('PROVIDER_TIMEOUT', 'sse-comments-only(50)').map(streamOnly),
  ...onceMore('PROVIDER_BAD_RESPONSE', 'bad-json', 'empty-200', 'empty-choices', 'wrong-type'),
  ...onceMore('PROVIDER_BAD_RESPONSE', 'sse-no-done', 'sse-error-event', 'dup-chunk').map(streamOnly),
  ...final('OUTPUT_TOO_LARGE', 'huge', 'gzip-bomb', 'header-flood'),
  ...onceMore('PROVIDER_BAD_RESPONSE', 'redirect-private', 'redirect-loop'),
  // Shows that it is the certificate that the next three are refused for.
  { behaviour: 'good-tls', listener: 'trusted', expected: 'answer', requests: 0 },
  { behaviour: 'bad-tls', listener: 'self-signed', expected: 'PROVIDER_TLS', requests: 0 },
  { behaviour: 'bad-tls-host', listener: 'wrong-host', expected: 'PROVIDER_TLS', requests: 0 },
  { behaviour: 'expired-tls', listener: 'expired', expected: 'PROVIDER_TLS', requests: 0 },
  ...onceMore('PROVIDER_BAD_RESPONSE', 'unexpected-tool-calls'),
  survived('nul-bytes'),
  survived('json-number-overflow'),
  streamOnly(survived('sse-split-utf8', WIDE_TEXT)),
  streamOnly(survived('sse-crlf')),
];
