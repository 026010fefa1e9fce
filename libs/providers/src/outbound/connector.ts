import { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket } from 'node:net';
import { buildConnector, errors } from 'undici';
import { checkAddress, checkedLookup, literalOf } from './url-policy.js';

type Connect = buildConnector.connector;

/** Makes connections to allowed addresses only, and knows each of them until it is closed. */
export interface Connector {
  readonly connect: Connect;
  /** @throws ExaiError URL_DENIED if the host is the number of an address that is not allowed. */
  check(hostname: string): void;
  /** Ends the connection that is being made for a request, once the request has failed. */
  watch<T>(send: () => Promise<T>): Promise<T>;
  close(): void;
}

/** One request on its way to its headers. */
interface Errand {
  connecting: Socket | undefined;
  over: boolean;
  /** It was given up while it had no connection yet. */
  abandoned: boolean;
}

export function openConnector({
  allowPrivate,
  timeoutMs,
}: {
  readonly allowPrivate: boolean;
  readonly timeoutMs: number;
}): Connector {
  // The name of the TLS certificate stays the host's own: the address is chosen below it, by the lookup.
  const build = buildConnector({ timeout: timeoutMs, lookup: checkedLookup(allowPrivate) });
  const open = new Set<Socket>();
  /** The pool does not tell for which request it wants a connection. */
  const errands = new AsyncLocalStorage<Errand>();

  function check(hostname: string): void {
    const literal = literalOf(hostname);
    if (literal !== undefined) checkAddress(literal, allowPrivate);
  }

  function connect(...[options, callback]: Parameters<Connect>): void {
    const errand = errands.getStore();
    // The pool tries again for a request that is not there any more; this tells it so.
    if (errand?.abandoned) return callback(new errors.RequestAbortedError(), null);
    try {
      check(options.hostname);
    } catch (denial) {
      return callback(denial as Error, null);
    }
    const owner = errand?.over ? undefined : errand;
    // Returned, though its type does not say so.
    const socket = build(options, (...result) => {
      if (owner) owner.connecting = undefined;
      callback(...result);
    }) as unknown as Socket;
    if (owner) owner.connecting = socket;
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  }

  /** The pool lets a connection go on that is being made for a request given up, until its own time limit. */
  async function watch<T>(send: () => Promise<T>): Promise<T> {
    const errand: Errand = { connecting: undefined, over: false, abandoned: false };
    try {
      return await errands.run(errand, send);
    } finally {
      errand.over = true;
      const { connecting } = errand;
      if (connecting) {
        errand.abandoned = true;
        // What the pool does about it is still on this errand.
        errands.run(errand, () => connecting.destroy(new errors.SocketError('its request was given up')));
      }
    }
  }

  return {
    connect,
    check,
    watch,
    close() {
      for (const socket of open) socket.destroy();
    },
  };
}
