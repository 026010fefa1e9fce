import { toEnvelope, type ErrorIds, type ExaiError } from '#libs/errors';
import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';

/** A refusal before the call was taken on, as JSON-RPC error with the envelope in `data`. */
export function toProtocolError(error: ExaiError, ids: ErrorIds): ProtocolError {
  const { jsonrpc } = error.entry;
  const number = typeof jsonrpc === 'number' ? jsonrpc : ProtocolErrorCode.InternalError;
  const { requiredCapabilities } = error.details;
  return new ProtocolError(number, error.message, {
    ...toEnvelope(error, ids),
    // Where the protocol itself wants it.
    ...(requiredCapabilities !== undefined && { requiredCapabilities }),
  });
}
