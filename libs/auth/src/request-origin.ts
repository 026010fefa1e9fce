import { type Config } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { type IncomingMessage } from 'node:http';

/**
 * Defence against DNS rebinding and foreign web pages: the `Host` must be one of ours, an `Origin`, if there is
 * one, must be on the list exactly. Requests without `Origin` (every client that is not a browser) pass.
 * @throws ExaiError HOST_REJECTED, ORIGIN_REJECTED
 */
export function checkRequestOrigin(request: IncomingMessage, config: Config['server']): void {
  const host = hostName(request.headers.host);
  if (host === undefined || !config.allowedHosts.includes(host)) throw new ExaiError('HOST_REJECTED');
  const { origin } = request.headers;
  if (origin !== undefined && !config.allowedOrigins.includes(origin)) {
    throw new ExaiError('ORIGIN_REJECTED');
  }
}

/** Lower case, without port and trailing dot; IPv6 keeps its brackets. */
function hostName(header: string | undefined): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[^:@/?#\s]+)(?::\d{1,5})?$/i.exec(header ?? '');
  return match?.[1]?.toLowerCase().replace(/\.$/, '');
}
