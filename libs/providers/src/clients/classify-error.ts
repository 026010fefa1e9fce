import { type ErrorCode, type ErrorDetails, ExaiError, toExaiError } from '#libs/errors';
import { createRedactor } from '#libs/observability';
import type { ErrorRule, ProviderDescriptor } from '../define.js';
import type { ModelCard } from '../catalogue/model-card.js';
import { parseRetryAfter, secondsToMs } from './retry-after.js';

/** Tried after the vendor's own table: what the dialect's original says, then plain HTTP. */
const GENERIC_RULES: readonly ErrorRule[] = [
  { code: 'context_length_exceeded', becomes: 'CONTEXT_TOO_LARGE' },
  { status: 400, message: 'maximum context length|context window', becomes: 'CONTEXT_TOO_LARGE' },
  // A request too large for the account's tokens per minute: the same request would be refused again.
  { status: 429, type: 'tokens', becomes: 'CONTEXT_TOO_LARGE' },
  { code: 'content_filter', becomes: 'CONTENT_FILTERED' },
  { code: 'model_not_found', becomes: 'MODEL_NOT_FOUND' },
  { code: 'insufficient_quota', becomes: 'PROVIDER_QUOTA' },
  { type: 'insufficient_quota', becomes: 'PROVIDER_QUOTA' },
  { status: 400, becomes: 'PROVIDER_REJECTED' },
  { status: 401, becomes: 'PROVIDER_AUTH' },
  { status: 402, becomes: 'PROVIDER_QUOTA' },
  { status: 403, becomes: 'PROVIDER_AUTH' },
  { status: 404, becomes: 'MODEL_NOT_FOUND' },
  { status: 408, becomes: 'PROVIDER_TIMEOUT' },
  { status: 409, becomes: 'PROVIDER_UNAVAILABLE' },
  { status: 413, becomes: 'CONTEXT_TOO_LARGE' },
  { status: 429, becomes: 'PROVIDER_RATE_LIMITED' },
];

/** Codes of the system, of Node's TLS and of undici, anywhere in the chain of causes. */
const NETWORK_CODES: ReadonlyMap<string, ErrorCode> = new Map(
  Object.entries({
    PROVIDER_UNAVAILABLE:
      'ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH ENETDOWN UND_ERR_SOCKET UND_ERR_CLOSED UND_ERR_DESTROYED',
    PROVIDER_TIMEOUT:
      'ETIMEDOUT ESOCKETTIMEDOUT UND_ERR_CONNECT_TIMEOUT UND_ERR_HEADERS_TIMEOUT UND_ERR_BODY_TIMEOUT',
    PROVIDER_TLS:
      'CERT_HAS_EXPIRED CERT_NOT_YET_VALID CERT_REVOKED CERT_UNTRUSTED DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_GET_ISSUER_CERT UNABLE_TO_GET_ISSUER_CERT_LOCALLY UNABLE_TO_VERIFY_LEAF_SIGNATURE HOSTNAME_MISMATCH ERR_TLS_CERT_ALTNAME_INVALID EPROTO',
    OUTPUT_TOO_LARGE: 'UND_ERR_HEADERS_OVERFLOW HPE_HEADER_OVERFLOW',
    PROVIDER_BAD_RESPONSE:
      'UND_ERR_RES_CONTENT_LENGTH_MISMATCH UND_ERR_RESPONSE Z_DATA_ERROR Z_BUF_ERROR ERR_ENCODING_INVALID_ENCODED_DATA',
  }).flatMap(([becomes, codes]) => codes.split(' ').map((code) => [code, becomes as ErrorCode] as const)),
);

/** Keys in forms the shared redaction does not know: GLM's `id.secret`, and keys a vendor has half masked. */
const KEY_LIKE = [/\b[0-9a-f]{32}\.\w{8,}/gi, /\b[sp]k-[\w*.-]{4,}/gi, /[\w-]*\*{3,}[\w-]*/g];
/** Long enough to be a key; words and ids of models stay below. */
const LONG_TOKEN = /[\w-]{40,}/g;
const HIDDEN = '[redacted]';
const REASON_LIMIT = 500;
/** More of a text is not even looked at: the patterns need time that grows faster than it. */
const TEXT_LIMIT = 8_192;
const REQUEST_ID_HEADERS = ['x-request-id', 'msh-request-id', 'request-id'];
const MAX_CAUSES = 8;

/** What a foreign error says about itself. */
interface Facts {
  readonly status: number | undefined;
  readonly type: string;
  readonly code: string;
  readonly message: string;
  readonly headers: Headers | undefined;
  /** The vendor answered with an error object, be it in the middle of a stream. */
  readonly answered: boolean;
}

type CompiledRule = Omit<ErrorRule, 'message'> & { readonly message?: RegExp };

/** Turns whatever a request to one provider throws into one of our errors, by table. */
export class ErrorClassifier {
  private readonly rules: readonly CompiledRule[];
  private readonly retryAfterText: RegExp | undefined;
  private readonly redactSecrets: (value: unknown) => unknown;

  constructor(
    private readonly provider: ProviderDescriptor,
    apiKey: string,
  ) {
    this.rules = [...provider.quirks.errors, ...GENERIC_RULES].map(compile);
    const { retryAfterText } = provider.quirks;
    this.retryAfterText = retryAfterText === undefined ? undefined : new RegExp(retryAfterText, 'i');
    this.redactSecrets = createRedactor([apiKey]);
  }

  classify(raw: unknown, model: ModelCard): ExaiError {
    if (raw instanceof ExaiError) return raw;
    const facts = factsOf(raw);
    const code = this.codeOf(raw, facts);
    if (!code) return toExaiError(raw);
    const reason = this.redact(facts.message);
    const retryAfterMs = this.retryAfterOf(facts);
    const upstreamRequestId = requestIdOf(facts.headers);
    const details: ErrorDetails = {
      provider: this.provider.id,
      model: model.id,
      ...(reason !== '' && { reason }),
      ...(facts.status !== undefined && { upstreamStatus: facts.status }),
      ...(upstreamRequestId !== undefined && { upstreamRequestId: this.redact(upstreamRequestId) }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(code === 'PROVIDER_AUTH' && { variable: this.provider.keyVariable }),
      ...(code === 'CONTEXT_TOO_LARGE' && { limit: model.contextWindow }),
    };
    // The raw error holds the vendor's whole body, so only its cleaned text goes on.
    return new ExaiError(code, details, { cause: new Error(reason) });
  }

  /** A vendor's text made safe to show: no key, nothing like a key, at most 500 characters. */
  redact(text: string): string {
    const cleaned = String(this.redactSecrets(shorten(text)));
    return KEY_LIKE.reduce((result, pattern) => result.replace(pattern, HIDDEN), cleaned)
      .replace(LONG_TOKEN, (token) => (/\d/.test(token) && /[a-z]/i.test(token) ? HIDDEN : token))
      .slice(0, REASON_LIMIT)
      .trim();
  }

  private codeOf(raw: unknown, facts: Facts): ErrorCode | undefined {
    const rule = facts.answered ? this.rules.find((candidate) => matches(candidate, facts)) : undefined;
    if (rule) return rule.becomes;
    if (facts.status !== undefined) {
      if (facts.status >= 500) return 'PROVIDER_UNAVAILABLE';
      return facts.status >= 400 ? 'PROVIDER_REJECTED' : 'PROVIDER_BAD_RESPONSE';
    }
    return networkCodeOf(raw) ?? (facts.answered ? 'PROVIDER_BAD_RESPONSE' : undefined);
  }

  private retryAfterOf({ headers, message }: Facts): number | undefined {
    const stated = parseRetryAfter(headers?.get('retry-after'));
    if (stated !== undefined) return stated;
    const seconds = this.retryAfterText?.exec(message)?.[1];
    return seconds === undefined ? undefined : secondsToMs(Number(seconds));
  }
}

export function requestIdOf(headers: Headers | undefined): string | undefined {
  for (const name of REQUEST_ID_HEADERS) {
    const id = headers?.get(name);
    if (id) return id.slice(0, 200);
  }
  return undefined;
}

function compile({ message, ...rule }: ErrorRule): CompiledRule {
  return { ...rule, ...(message !== undefined && { message: new RegExp(message, 'i') }) };
}

/** An error inside a stream has no status of its own, so only its other marks count. */
function matches(rule: CompiledRule, facts: Facts): boolean {
  if (facts.status === undefined && !rule.type && !rule.code && !rule.message) return false;
  return (
    (rule.status === undefined || facts.status === undefined || rule.status === facts.status) &&
    (rule.type === undefined || rule.type === facts.type) &&
    (rule.code === undefined || rule.code === facts.code) &&
    (rule.message === undefined || rule.message.test(facts.message))
  );
}

/** Cut between words, as half a key would not be recognised. */
function shorten(text: string): string {
  if (text.length <= TEXT_LIMIT) return text;
  const cut = text.slice(0, TEXT_LIMIT);
  return cut.slice(0, cut.lastIndexOf(' ') + 1);
}

function networkCodeOf(raw: unknown): ErrorCode | undefined {
  for (const error of causesOf(raw)) {
    const code = textOf(error['code']);
    const known = NETWORK_CODES.get(code) ?? (code.startsWith('ERR_SSL_') ? 'PROVIDER_TLS' : undefined);
    if (known) return known;
    if (code.startsWith('HPE_') || error instanceof SyntaxError) return 'PROVIDER_BAD_RESPONSE';
    if (classOf(error) === 'APIConnectionTimeoutError') return 'PROVIDER_TIMEOUT';
  }
  // The package's own wrapper around a failure without any code.
  return causesOf(raw).some((error) => classOf(error) === 'APIConnectionError')
    ? 'PROVIDER_UNAVAILABLE'
    : undefined;
}

/** The package is loaded on first use, so its classes are known by name only. */
function classOf(error: Record<string, unknown>): string {
  return (error['constructor'] as { name?: string } | undefined)?.name ?? '';
}

function causesOf(raw: unknown): Record<string, unknown>[] {
  const chain: Record<string, unknown>[] = [];
  let current = raw;
  while (current !== null && typeof current === 'object' && chain.length < MAX_CAUSES) {
    const error = current as Record<string, unknown>;
    chain.push(error);
    current = error['cause'];
  }
  return chain;
}

function factsOf(raw: unknown): Facts {
  const error = causesOf(raw)[0] ?? {};
  const body = error['error'];
  const fields = body !== null && typeof body === 'object' ? (body as Record<string, unknown>) : {};
  const status = typeof error['status'] === 'number' ? error['status'] : undefined;
  return {
    status,
    type: textOf(fields['type']),
    code: textOf(fields['code']),
    message: textOf(fields['message']) || textOf(body) || textOf(error['message']),
    headers: error['headers'] instanceof Headers ? error['headers'] : undefined,
    answered: status !== undefined || (body !== null && body !== undefined),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
