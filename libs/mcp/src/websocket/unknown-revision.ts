import { ExaiError } from '#libs/errors';
import { isJSONRPCRequest, PROTOCOL_VERSION_META_KEY, type Transport } from '@modelcontextprotocol/server';
import { v7 as uuidv7 } from 'uuid';
import { toProtocolError } from '../protocol-errors.js';

/** The revisions that a request names itself; those before it are agreed on once, with `initialize`. */
const STATELESS_REVISIONS: readonly string[] = ['2026-07-28'];

/**
 * On a socket the protocol layer looks at the revision of the first request only. Every other one that names a
 * revision which is not served is refused here, as over HTTP.
 */
export function refuseUnknownRevisions(transport: Transport): void {
  const receive = transport.onmessage;
  transport.onmessage = (message, extra) => {
    const requested = 'params' in message ? message.params?._meta?.[PROTOCOL_VERSION_META_KEY] : undefined;
    const isUnknown = typeof requested === 'string' && !STATELESS_REVISIONS.includes(requested);
    if (!isUnknown || !isJSONRPCRequest(message)) return receive?.(message, extra);
    const supported = [...STATELESS_REVISIONS];
    const error = new ExaiError('UNSUPPORTED_PROTOCOL_VERSION', { requested, supported });
    const { code, message: text, data } = toProtocolError(error, { correlationId: uuidv7() });
    const answer = { code, message: text, data: { ...(data as object), supported, requested } };
    transport.send({ jsonrpc: '2.0', id: message.id, error: answer }).catch(() => undefined);
  };
}
