import { ExaiError } from '#libs/errors';
import { type IncomingMessage } from 'node:http';

/** The subprotocol that every client must offer; the only one that is ever chosen. */
export const SUBPROTOCOL = 'mcp';
const TICKET_PREFIX = `${SUBPROTOCOL}.ticket.`;

const TOKEN_PARAMETERS = ['access_token', 'token', 'jwt', 'authorization', 'bearer', 'api_key'];
const LOOKS_LIKE_TOKEN = /^(bearer\s+)?eyJ[\w-]*\.[\w-]+\.[\w-]*$/i;

/** With what a client asks to be let in: a one-time ticket, or what stands in its Authorization header. */
export type UpgradeCredential = { readonly ticket: string } | { readonly authorization: string | undefined };

/** The names in `Sec-WebSocket-Protocol`, in the client's order. */
export function offeredProtocols(request: IncomingMessage): string[] {
  return (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
}

/** The entry that a client must offer for `ticket`. */
export function ticketProtocol(ticket: string): string {
  return `${TICKET_PREFIX}${ticket}`;
}

/** @throws ExaiError INVALID_REQUEST for a token in the address, and for more than one credential */
export function credentialOf(request: IncomingMessage): UpgradeCredential {
  const { authorization } = request.headers;
  const { searchParams } = new URL(request.url ?? '/', 'ws://gateway');
  refuseTokenIn(searchParams);
  const tickets = [
    ...offeredProtocols(request)
      .filter((name) => name.startsWith(TICKET_PREFIX))
      .map((name) => name.slice(TICKET_PREFIX.length)),
    ...searchParams.getAll('ticket'),
  ];
  const [ticket, second] = tickets;
  if (ticket === undefined) return { authorization };
  if (second !== undefined || authorization !== undefined) {
    throw new ExaiError('INVALID_REQUEST', {
      reason: 'send one credential: an Authorization header, or one ticket once',
    });
  }
  return { ticket };
}

/** Refused even if it is valid: addresses are kept by proxies, histories and logs. */
function refuseTokenIn(query: URLSearchParams): void {
  for (const [name, value] of query) {
    if (!TOKEN_PARAMETERS.includes(name.toLowerCase()) && !LOOKS_LIKE_TOKEN.test(value)) continue;
    throw new ExaiError('INVALID_REQUEST', {
      reason:
        'an access token never goes into the address; send it as `Authorization: Bearer`, ' +
        'or get a ticket with POST /api/v1/websocket-tickets',
    });
  }
}
