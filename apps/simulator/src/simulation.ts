import type { IncomingMessage, ServerResponse } from 'node:http';
import { chatCompletions } from './chat-completions.js';
import { ChatHandler } from './chat-handler.js';
import { control, type Controlled } from './control.js';
import { ControlQueue } from './control-queue.js';
import type { Dialect } from './dialect.js';
import { EndpointHandler } from './endpoints/endpoint-handler.js';
import { findEndpoint } from './endpoints/endpoints.js';
import { FileStore } from './endpoints/file-store.js';
import { ModelList } from './endpoints/model-list.js';
import type { Surroundings } from './exchange.js';
import { readJson, sendJson } from './http-body.js';
import { InputError } from './input-error.js';
import type { SocketCounts } from './listener.js';
import { messages } from './messages.js';
import { Reception } from './reception.js';
import { RequestLog, type RequestLogEntry } from './request-log.js';
import { StandingPlans } from './standing-plans.js';
import { Stats } from './stats.js';

/** What the simulation needs of the port it is reached by. */
export interface Port {
  reset: Surroundings['reset'];
  closePort(forMs: number): void;
  severAll(): void;
  countSockets(except?: IncomingMessage['socket']): SocketCounts;
}

// Vendors differ in the prefix (`/v1`, `/api/paas/v4`, none), so only the end of the path counts.
const DIALECTS: ReadonlyArray<readonly [suffix: string, dialect: Dialect]> = [
  ['/chat/completions', chatCompletions],
  ['/messages', messages],
];
const DEFAULT_REDIRECT = 'http://169.254.169.254/';

type Action = (incoming: IncomingMessage, response: ServerResponse, query: URLSearchParams) => unknown;

/** Everything behind the port: the vendors' APIs, and below `/__` what watches and controls them. */
export class Simulation implements Controlled, Surroundings {
  readonly open = new Set<ServerResponse>();
  readonly queue = new ControlQueue();
  readonly standing = new StandingPlans();
  readonly models = new ModelList();
  readonly files = new FileStore();
  redirectTarget = DEFAULT_REDIRECT;
  private readonly log = new RequestLog();
  readonly stats = new Stats();
  private readonly reception: Reception;
  private readonly chats: ChatHandler;
  private readonly endpoints: EndpointHandler;

  private readonly actions: Readonly<Record<string, Action>> = {
    'GET /health': (_incoming, response) => sendJson(response, 200, { status: 'ok', service: 'simulator' }),
    // Chats alone unless all are wanted: a look at the model list is no execution of a call.
    'GET /__requests': (_incoming, response, query) => {
      const entries = this.log.since(Number(query.get('since')) || 0);
      sendJson(response, 200, query.has('all') ? entries : entries.filter((entry) => entry.isChat));
    },
    'DELETE /__requests': (_incoming, response) => {
      this.log.clear();
      this.stats.clear();
      response.writeHead(204).end();
    },
    'GET /__stats': (_incoming, response) => sendJson(response, 200, this.stats.report()),
    'GET /__sockets': (incoming, response) =>
      sendJson(response, 200, this.port.countSockets(incoming.socket)),
    'POST /__control': async (incoming, response) => {
      const { closePortMs, ...outcome } = control(this, await readJson(incoming));
      if (closePortMs !== undefined) {
        response.setHeader('connection', 'close');
        response.once('finish', () => this.goDown(closePortMs));
      }
      sendJson(response, 200, outcome);
    },
    'DELETE /__control': (_incoming, response) => {
      this.resetControls();
      response.writeHead(204).end();
    },
  };

  constructor(
    private readonly port: Port,
    onFinished: (entry: RequestLogEntry) => void,
  ) {
    const reception = new Reception(this.log, onFinished);
    const { stats, models, files } = this;
    this.reception = reception;
    this.chats = new ChatHandler({ reception, scripts: this, stats, surroundings: this });
    this.endpoints = new EndpointHandler({ reception, scripts: this, surroundings: this, models, files });
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

  reset(socket: IncomingMessage['socket']): void {
    this.port.reset(socket);
  }

  closePort(forMs: number): void {
    this.port.closePort(forMs);
  }

  /** As if the process had died: every connection ends, and none of that counts as a client's leaving. */
  severAll(): void {
    this.reception.markAllCut();
    this.port.severAll();
  }

  requests(): RequestLogEntry[] {
    return this.log.since(0).flatMap((entry) => (entry.isChat ? { ...entry } : []));
  }

  obey(body: unknown): void {
    const { closePortMs } = control(this, body);
    if (closePortMs !== undefined) this.goDown(closePortMs);
  }

  private goDown(forMs: number): void {
    this.closePort(forMs);
    this.severAll();
  }

  private async route(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const [pathname = '/', query] = (incoming.url ?? '/').split('?');
    const method = incoming.method ?? '';
    const dialect = DIALECTS.find(([suffix]) => pathname.endsWith(suffix))?.[1];
    if (dialect && method === 'POST') return this.chats.handle(dialect, pathname, incoming, response);
    const action = this.actions[`${method} ${pathname}`];
    if (action) return void (await action(incoming, response, new URLSearchParams(query)));
    const endpoint = findEndpoint(method, pathname);
    if (endpoint && endpoint !== 'wrong-method') {
      return this.endpoints.handle(endpoint, pathname, incoming, response);
    }
    sendError(response, dialect || endpoint ? 405 : 404, `The simulator has no ${method} ${pathname}.`);
  }

  resetControls(): void {
    for (const part of [this.queue, this.standing, this.models, this.chats.rateLimits]) part.clear();
    this.files.resetLimits();
    this.redirectTarget = DEFAULT_REDIRECT;
  }
}

function sendError(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, { error: { message, type: 'invalid_request_error', param: null, code: null } });
}
