import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { chatCompletions } from './chat-completions.js';
import { ChatHandler } from './chat-handler.js';
import { ControlQueue } from './control-queue.js';
import type { Dialect } from './dialect.js';
import { readJson, sendJson } from './http-body.js';
import { InputError } from './input-error.js';
import { messages } from './messages.js';
import { MODEL_LIST } from './models.js';
import { RequestLog, type RequestLogEntry } from './request-log.js';

export interface SimulatorOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Called with every chat request once it is over. */
  readonly requestLog?: (entry: RequestLogEntry) => void;
}

export interface Simulator {
  /** Base URL for OpenAI clients, `http://127.0.0.1:<port>/v1`. */
  readonly baseUrl: string;
  readonly port: number;
  close(): Promise<void>;
}

// Vendors differ in the prefix (`/v1`, `/api/paas/v4`, none), so only the end of the path counts.
const DIALECTS: ReadonlyArray<readonly [suffix: string, dialect: Dialect]> = [
  ['/chat/completions', chatCompletions],
  ['/messages', messages],
];

// Longer than any client keeps an idle connection: a close from our side would race with its next request.
const KEEP_ALIVE_MS = 120_000;
const BACKLOG = 1024;
const CLOSE_LIMIT_MS = 500;

/** Starts an HTTP server that speaks the vendors' chat APIs. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { host = '127.0.0.1', port = 0, requestLog } = options;
  const routes = new Routes(requestLog ?? (() => undefined));
  const server = createServer((incoming, response) => void routes.handle(incoming, response));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.listen({ host, port, backlog: BACKLOG });
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  return {
    baseUrl: `http://${reachableHost(host)}:${address.port}/v1`,
    port: address.port,
    close: () => {
      routes.isClosing = true;
      return (closed ??= closeServer(server, routes.open));
    },
  };
}

class Routes {
  isClosing = false;
  readonly open = new Set<ServerResponse>();
  private readonly log = new RequestLog();
  private readonly queue = new ControlQueue();
  private readonly chat: ChatHandler;

  constructor(onFinished: (entry: RequestLogEntry) => void) {
    const { log, queue } = this;
    this.chat = new ChatHandler({ log, queue, onFinished, isClosing: () => this.isClosing });
  }

  async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    this.open.add(response);
    response.once('close', () => this.open.delete(response));
    try {
      await this.route(incoming, response);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const isTheirs = error instanceof InputError;
      if (response.headersSent || response.destroyed) response.destroy();
      else sendError(response, isTheirs ? error.status : 500, message);
    }
  }

  private async route(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const [pathname = '/', query] = (incoming.url ?? '/').split('?');
    const dialect = DIALECTS.find(([suffix]) => pathname.endsWith(suffix))?.[1];
    if (dialect && incoming.method === 'POST') {
      return this.chat.handle(dialect, pathname, incoming, response);
    }
    const route = `${incoming.method} ${pathname.endsWith('/models') ? '/models' : pathname}`;
    switch (route) {
      case 'GET /models':
        return void sendJson(response, 200, MODEL_LIST);
      case 'GET /health':
        return void sendJson(response, 200, { status: 'ok', service: 'simulator' });
      case 'GET /__requests':
        return void sendJson(response, 200, this.log.since(sinceOf(query)));
      case 'DELETE /__requests':
        this.log.clear();
        return void response.writeHead(204).end();
      case 'POST /__control':
        return void sendJson(response, 200, { queued: this.queue.add(await readJson(incoming)) });
      case 'DELETE /__control':
        this.queue.clear();
        return void response.writeHead(204).end();
      default:
        sendError(response, dialect ? 405 : 404, `The simulator has no ${route}.`);
    }
  }
}

function sinceOf(query: string | undefined): number {
  return Number(new URLSearchParams(query).get('since')) || 0;
}

function sendError(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, { error: { message, type: 'invalid_request_error', param: null, code: null } });
}

function reachableHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/** Destroys every connection, then waits for the requests under way to reach the log. */
async function closeServer(server: Server, open: Iterable<ServerResponse>): Promise<void> {
  const ended = Promise.allSettled([...open].map((response) => once(response, 'close')));
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
  await Promise.race([ended, wait(CLOSE_LIMIT_MS, undefined, { ref: false })]);
}
