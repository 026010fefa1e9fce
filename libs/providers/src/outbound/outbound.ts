import { Agent, type Dispatcher, fetch as undiciFetch, ProxyAgent } from 'undici';
import { openConnector } from './connector.js';
import { checkUrl } from './url-policy.js';

/** Of one answer. Nothing a vendor sends comes near; more ends with OUTPUT_TOO_LARGE. */
const MAX_HEADER_BYTES = 64 * 1024;
/** Above every limit of requests at once, so that a request never waits in line here, where nobody sees it. */
const CONNECTIONS = 1_024;
/** Of an idle connection: shorter than any vendor keeps one, and nothing is left open for long. */
const KEEP_ALIVE_MS = 4_000;

/**
 * The vendors' packages make an error of their own, without any cause, out of one that speaks of time in its text or in
 * that of its cause. One level more keeps it readable for us.
 */
class SendError extends Error {
  constructor(cause: unknown) {
    super('The request was not answered.', { cause });
  }
}

export interface OutboundOptions {
  /** Also addresses that are not on the public internet: a model server of the operator's own. See `allowsPrivate`. */
  readonly allowPrivate: boolean;
  readonly connectTimeoutMs?: number;
  /** The only proxy that is honoured; http or https. It resolves names itself, so only literal addresses are checked. */
  readonly proxy?: string;
}

/** The connections to one provider. */
export interface Outbound {
  /**
   * Like the standard one, but never follows a redirect and knows no time limit but that of connecting. What went wrong
   * stands in the chain of causes of the error it rejects with; ExaiError URL_DENIED comes itself or stands there too.
   */
  readonly fetch: typeof globalThis.fetch;
  /** Ends every connection at once, also those in use. */
  close(): Promise<void>;
}

/** Opens nothing until the first request. */
export function openOutbound({ allowPrivate, connectTimeoutMs = 5_000, proxy }: OutboundOptions): Outbound {
  const connector = openConnector({ allowPrivate, timeoutMs: connectTimeoutMs });
  const options = {
    connections: CONNECTIONS,
    maxHeaderSize: MAX_HEADER_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    // Each request is watched by its client, which knows whether it is a stream.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  const timeout = { timeout: connectTimeoutMs };
  const dispatcher: Dispatcher =
    proxy === undefined
      ? new Agent({ ...options, connect: connector.connect })
      : new ProxyAgent({ ...options, uri: proxy, proxyTls: timeout, requestTls: timeout });

  async function send(input: string | URL, init?: RequestInit): Promise<Response> {
    const url = new URL(input);
    checkUrl(url, allowPrivate);
    if (proxy !== undefined) connector.check(url.hostname);
    const request = { ...init, redirect: 'manual', dispatcher } as unknown as Parameters<
      typeof undiciFetch
    >[1];
    try {
      const response = await connector.watch(() => undiciFetch(url, request));
      return response as unknown as Response;
    } catch (error) {
      throw new SendError(error);
    }
  }

  return {
    fetch: send as typeof globalThis.fetch,
    async close() {
      await dispatcher.destroy();
      connector.close();
    },
  };
}
