import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { Listener, type SocketCounts, type TlsCertificate } from './listener.js';
import type { RequestLogEntry } from './request-log.js';
import { Simulation } from './simulation.js';
import type { StatsReport } from './stats.js';

export interface SimulatorOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Serve HTTPS with this certificate; default: HTTP. */
  readonly tls?: TlsCertificate;
  /** Called with every chat request once it is over. */
  readonly requestLog?: (entry: RequestLogEntry) => void;
}

export interface Simulator {
  /** Base URL for OpenAI clients, `http://127.0.0.1:<port>/v1`. */
  readonly baseUrl: string;
  readonly port: number;
  /** The newest chat requests, those under way included. */
  requests(): RequestLogEntry[];
  stats(): StatsReport;
  sockets(): SocketCounts;
  /** As `POST /__control` does; throws `InputError`. */
  control(body: unknown): void;
  /** As `DELETE /__control` does. */
  resetControl(): void;
  /** Ends every connection and accepts no other: to clients, a vendor that is down. */
  closePort(): void;
  /** On the same port as before. */
  reopenPort(): Promise<void>;
  close(): Promise<void>;
}

const CLOSE_LIMIT_MS = 500;

/** Starts an HTTP or HTTPS server that speaks the vendors' APIs. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { host = '127.0.0.1', port = 0, tls, requestLog } = options;
  const listener: Listener = new Listener(
    (incoming, response) => void simulation.handle(incoming, response),
    tls,
  );
  const simulation = new Simulation(listener, requestLog ?? (() => undefined));
  const openPort = await listener.open(host, port);
  let closed: Promise<void> | undefined;
  return {
    baseUrl: `${tls ? 'https' : 'http'}://${reachableHost(host)}:${openPort}/v1`,
    port: openPort,
    requests: () => simulation.requests(),
    stats: () => simulation.stats.report(),
    control: (body) => simulation.obey(body),
    resetControl: () => simulation.resetControls(),
    sockets: () => listener.countSockets(),
    closePort: () => {
      listener.closePort();
      simulation.severAll();
    },
    reopenPort: () => listener.reopenPort(),
    close: () => (closed ??= closeAll(listener, simulation)),
  };
}

function reachableHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/** Ends every connection, then waits for the requests under way to reach the log. */
async function closeAll(listener: Listener, simulation: Simulation): Promise<void> {
  const ended = endOf(simulation.open);
  simulation.severAll();
  await listener.close();
  await Promise.race([ended, wait(CLOSE_LIMIT_MS, undefined, { ref: false })]);
}

function endOf(open: Iterable<ServerResponse>): Promise<unknown> {
  return Promise.allSettled([...open].map((response) => once(response, 'close')));
}
