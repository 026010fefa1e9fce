import {
  isJSONRPCNotification,
  isJSONRPCRequest,
  type JSONRPCMessage,
  type RequestId,
  type Transport,
} from '@modelcontextprotocol/server';
import { type ChangeSubscription } from './change-subscription.js';

const MAX_LISTENS = 1_024;

/**
 * On a socket the protocol layer keeps to itself which resources a listening request is about. Reading it off the
 * messages that come in spares a look-up for every call that ends anywhere, for every socket.
 */
export function followListens(transport: Transport, subscription: ChangeSubscription): void {
  const receive = transport.onmessage;
  const listens = new Map<RequestId, readonly string[]>();
  transport.onmessage = (message, extra) => {
    noteListen(message, listens, subscription);
    receive?.(message, extra);
  };
}

function noteListen(
  message: JSONRPCMessage,
  listens: Map<RequestId, readonly string[]>,
  subscription: ChangeSubscription,
): void {
  if (!('method' in message)) return;
  if (message.method === 'subscriptions/listen' && isJSONRPCRequest(message)) {
    if (listens.has(message.id) || listens.size >= MAX_LISTENS) return;
    const uris = listenedUris(message);
    listens.set(message.id, uris);
    for (const uri of uris) subscription.follow(uri);
  } else if (message.method === 'notifications/cancelled' && isJSONRPCNotification(message)) {
    const id = message.params?.['requestId'] as RequestId | undefined;
    if (id === undefined) return;
    for (const uri of listens.get(id) ?? []) subscription.unfollow(uri);
    listens.delete(id);
  }
}

/** The resources that a listening request names; nothing of it has been checked. */
export function listenedUris(message: unknown): readonly string[] {
  const { params } = message as { readonly params?: { readonly notifications?: unknown } };
  const wanted = params?.notifications as { readonly resourceSubscriptions?: unknown } | null | undefined;
  const uris = wanted?.resourceSubscriptions;
  return Array.isArray(uris) ? uris.filter((uri) => typeof uri === 'string') : [];
}
