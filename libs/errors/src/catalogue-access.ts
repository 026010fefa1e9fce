// Who may call, from where, and how much at once.
import { type CatalogueRow, type ErrorDetails } from './entry.js';
import { EXIT_CODES } from './exit-codes.js';
import { inTime, limitOf, listed, named, sentence } from './wording.js';

const security = { category: 'security', retry: 'never', severity: 'warning' } as const;
const overload = { category: 'overload', retry: 'caller', severity: 'info' } as const;

function atStage(details: ErrorDetails): string {
  const stage = named(details, 'stage', '');
  return stage && `; it was at the stage ${stage}`;
}

export const accessRows = {
  UNAUTHENTICATED: {
    ...security,
    severity: 'info',
    escalation: 'warning above 10 per minute and source',
    http: 401,
    jsonrpc: -31001,
    exit: EXIT_CODES.denied,
    message: () => 'The request carries no valid access token.',
    hint: () => 'Send `Authorization: Bearer <token>`; `npx exai token create` issues one.',
  },
  TOKEN_EXPIRED: {
    ...security,
    retry: 'caller',
    severity: 'info',
    http: 401,
    jsonrpc: -31002,
    wsClose: 4401,
    exit: EXIT_CODES.denied,
    message: () => 'The access token is past its end.',
    hint: () => 'Get a new token, connect again and repeat the call.',
  },
  TOKEN_REVOKED: {
    ...security,
    severity: 'info',
    http: 401,
    jsonrpc: -31003,
    wsClose: 4401,
    exit: EXIT_CODES.denied,
    message: () => 'The access token was revoked.',
    hint: () =>
      'Ask the operator for a new token; this one stays invalid and repeating the call will not help.',
  },
  FORBIDDEN: {
    ...security,
    http: 403,
    jsonrpc: -31004,
    toolErrorToo: true,
    wsClose: 4403,
    exit: EXIT_CODES.denied,
    message: () => 'The access token does not allow this.',
    hint: (details) => `Use a token with the needed scope.${listed('Required:', details['requiredScope'])}`,
  },
  ORIGIN_REJECTED: {
    ...security,
    escalation: 'critical above 50 per minute',
    http: 403,
    jsonrpc: -31005,
    exit: EXIT_CODES.denied,
    message: () => 'The Origin header of the request is not allowed.',
    hint: () => 'The operator can add the origin to EXAI_ALLOWED_ORIGINS.',
  },
  HOST_REJECTED: {
    ...security,
    escalation: 'critical above 50 per minute',
    http: 403,
    jsonrpc: -31006,
    exit: EXIT_CODES.denied,
    message: () => 'The Host header of the request is not allowed.',
    hint: () => 'Use the public address of the gateway; the operator can add a name to EXAI_ALLOWED_HOSTS.',
  },
  CSRF_REJECTED: {
    ...security,
    http: 403,
    jsonrpc: -31007,
    exit: EXIT_CODES.denied,
    message: () => 'The dashboard sent a change without its page token.',
    hint: () => 'Reload the page, then make the change there.',
  },
  FILE_DENIED: {
    ...security,
    severity: 'info',
    escalation: 'warning above 5 per minute and principal',
    http: 403,
    jsonrpc: 'tool',
    message: () => 'The path is outside the directories that tools may read.',
    hint: (details) =>
      `Use a path inside the allowed roots; the operator sets EXAI_FILE_ROOTS.${listed('Allowed:', details.suggestions)}`,
  },
  URL_DENIED: {
    ...security,
    escalation: 'critical on an address of cloud metadata',
    http: 403,
    jsonrpc: 'tool',
    message: () => 'The target of the URL is not allowed.',
    hint: () => 'Use a public https address without credentials.',
  },
  RATE_LIMITED: {
    ...overload,
    http: 429,
    jsonrpc: -31010,
    wsClose: 4429,
    message: () => 'Too many requests in a short time.',
    hint: (details) => `Call again ${inTime(details)}, and more slowly.`,
  },
  QUOTA_EXCEEDED: {
    ...overload,
    http: 429,
    jsonrpc: -31011,
    toolErrorToo: true,
    message: (details) => sentence(`The quota${limitOf(details)} is used up`, details),
    hint: (details) =>
      listed('Use a smaller prompt, or a model that costs less:', details.suggestions).trim() ||
      `It is filled again ${inTime(details, 'in the next period')}.` +
        (details['variable'] === undefined
          ? ''
          : ` The operator can raise ${named(details, 'variable', 'it')}; models that cost nothing still answer.`),
  },
  QUEUE_FULL: {
    ...overload,
    severity: 'warning',
    escalation: 'critical above 1 % of the calls for 5 minutes',
    http: 503,
    jsonrpc: -31012,
    message: (details) => sentence('The call was not accepted because too many are waiting', details),
    hint: (details) => `Nothing was started; call again ${inTime(details)}.`,
  },
  SESSION_BUSY: {
    ...overload,
    http: 429,
    jsonrpc: -31013,
    message: (details) =>
      `The limit${limitOf(details)} for calls running and waiting in one session is reached.`,
    hint: () => 'Wait for an answer before the next call, or open another session.',
  },
  DRAINING: {
    ...overload,
    http: 503,
    jsonrpc: -31014,
    wsClose: 1012,
    message: () => 'This instance is stopping and takes no new calls.',
    hint: () => 'Connect again and repeat the call at once; accepted calls are kept.',
  },
  DEADLINE_EXCEEDED: {
    category: 'timeout',
    retry: 'caller',
    severity: 'warning',
    escalation: 'by rate',
    http: 504,
    jsonrpc: 'tool',
    exit: EXIT_CODES.deadline,
    message: (details) => `The call did not finish before its deadline${atStage(details)}.`,
    hint: () => 'Ask for a longer deadline (`io.exai/timeoutMs`), a smaller question or a faster model.',
  },
  CANCELLED: {
    category: 'cancelled',
    retry: 'never',
    severity: 'info',
    http: 499,
    jsonrpc: 'none',
    exit: EXIT_CODES.interrupted,
    message: () => 'The call was cancelled.',
    hint: () => 'It stays cancelled; send it again for a new one, under the same idempotency key too.',
  },
} satisfies Record<string, CatalogueRow>;
