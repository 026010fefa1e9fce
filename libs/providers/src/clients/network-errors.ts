import type { ErrorCode } from '#libs/errors';
import { causesOf, textOf } from './error-facts.js';

/** Codes of the system, of Node's TLS and of undici, anywhere in the chain of causes. */
const NETWORK_CODES: ReadonlyMap<string, ErrorCode> = new Map(
  Object.entries({
    PROVIDER_UNAVAILABLE:
      'ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH ENETDOWN EADDRNOTAVAIL UND_ERR_SOCKET UND_ERR_CLOSED UND_ERR_DESTROYED UND_ERR_ABORTED',
    PROVIDER_TIMEOUT:
      'ETIMEDOUT ESOCKETTIMEDOUT UND_ERR_CONNECT_TIMEOUT UND_ERR_HEADERS_TIMEOUT UND_ERR_BODY_TIMEOUT',
    PROVIDER_TLS:
      'CERT_HAS_EXPIRED CERT_NOT_YET_VALID CERT_REVOKED CERT_UNTRUSTED DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_GET_ISSUER_CERT UNABLE_TO_GET_ISSUER_CERT_LOCALLY UNABLE_TO_VERIFY_LEAF_SIGNATURE HOSTNAME_MISMATCH ERR_TLS_CERT_ALTNAME_INVALID EPROTO UND_ERR_PRX_TLS',
    OUTPUT_TOO_LARGE: 'UND_ERR_HEADERS_OVERFLOW HPE_HEADER_OVERFLOW',
    PROVIDER_BAD_RESPONSE:
      'UND_ERR_RES_CONTENT_LENGTH_MISMATCH UND_ERR_RESPONSE Z_DATA_ERROR Z_BUF_ERROR ERR_ENCODING_INVALID_ENCODED_DATA',
  }).flatMap(([becomes, codes]) => codes.split(' ').map((code) => [code, becomes as ErrorCode] as const)),
);

/** Of these the connection was never made; `request-watch.ts` names the other limits of time. */
const CONNECT_CODES: ReadonlySet<string> = new Set(['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT']);

export interface NetworkFault {
  readonly code: ErrorCode;
  readonly stage?: 'connect';
}

/** What went wrong with the connection; undefined if the error is of another kind. */
export function networkFaultOf(raw: unknown): NetworkFault | undefined {
  const causes = causesOf(raw);
  for (const error of causes) {
    const code = textOf(error['code']);
    const known = NETWORK_CODES.get(code) ?? (code.startsWith('ERR_SSL_') ? 'PROVIDER_TLS' : undefined);
    if (known) return CONNECT_CODES.has(code) ? { code: known, stage: 'connect' } : { code: known };
    if (code.startsWith('HPE_') || error instanceof SyntaxError) return { code: 'PROVIDER_BAD_RESPONSE' };
    if (classOf(error) === 'APIConnectionTimeoutError') return { code: 'PROVIDER_TIMEOUT' };
  }
  // The package's own wrapper around a failure without any code.
  return causes.some((error) => classOf(error) === 'APIConnectionError')
    ? { code: 'PROVIDER_UNAVAILABLE' }
    : undefined;
}

/** The package is loaded on first use, so its classes are known by name only. */
function classOf(error: Readonly<Record<string, unknown>>): string {
  return (error['constructor'] as { name?: string } | undefined)?.name ?? '';
}
