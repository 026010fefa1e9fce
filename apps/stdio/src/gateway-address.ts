import { type Config } from '#libs/config';

/** Where the gateway is, in the forms its clients need; none ends with a slash. */
export interface GatewayAddress {
  readonly baseUrl: string;
  readonly mcpUrl: string;
  readonly wsUrl: string;
  /** Nobody named an address: it is the gateway of this computer's configuration. */
  readonly isDefault: boolean;
  /** The local token may be sent there. */
  readonly isLoopback: boolean;
}

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);
/** Addresses to listen on that are none to connect to. */
const EVERYWHERE: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/**
 * @param url as given by `--url`; any of the gateway's addresses will do
 * @throws TypeError when it is no http, https, ws or wss URL
 */
export function gatewayAddress({ client, server }: Config, url?: string): GatewayAddress {
  const given = url ?? client.url;
  const base = given === undefined ? localBase(server.host, server.port) : baseOf(given);
  return {
    baseUrl: base,
    mcpUrl: `${base}/mcp`,
    wsUrl: `${base.replace(/^http/, 'ws')}/ws`,
    isDefault: given === undefined,
    isLoopback: LOOPBACK.has(new URL(base).hostname),
  };
}

function localBase(host: string, port: number): string {
  const target = EVERYWHERE[host] ?? host;
  return `http://${target.includes(':') ? `[${target}]` : target}:${port}`;
}

function baseOf(given: string): string {
  const url = new URL(given);
  if (!/^(https?|wss?):$/.test(url.protocol)) throw new TypeError('The address is no http or ws URL.');
  const protocol = url.protocol.replace('ws', 'http');
  return `${protocol}//${url.host}${url.pathname.replace(/\/(mcp|ws)?\/?$/, '')}`;
}
