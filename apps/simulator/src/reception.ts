import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Attempts } from './attempts.js';
import type { NewRequest, RequestLog, RequestLogEntry } from './request-log.js';

/** A request that has come in, before it is known what it wants. */
export interface Arrival {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly requestId: string;
  readonly attempt: number;
  /** Aborted as soon as the connection is gone, whoever closed it. */
  readonly connection: AbortSignal;
}

/** Gives every vendor request its number and its entry in the log, and closes the entry when it is over. */
export class Reception {
  private readonly attempts = new Attempts();
  private readonly open = new Set<RequestLogEntry>();

  constructor(
    private readonly log: RequestLog,
    private readonly onFinished: (entry: RequestLogEntry) => void,
  ) {}

  receive(path: string, incoming: IncomingMessage, response: ServerResponse): Arrival {
    const requestId = identify(incoming, response);
    const attempt = this.attempts.next(requestId);
    return { incoming, response, path, requestId, attempt, connection: watchConnection(response) };
  }

  admit(
    { incoming, response, path, requestId, attempt }: Arrival,
    about: Pick<NewRequest, 'isChat' | 'model' | 'stream' | 'images' | 'behaviour'>,
    onGone?: () => void,
  ): RequestLogEntry {
    const method = incoming.method ?? '';
    const entry = this.log.add({ method, path, requestId, attempt, ...about }, incoming.headers);
    this.open.add(entry);
    response.once('close', () => {
      this.open.delete(entry);
      onGone?.();
      entry.aborted = !response.writableFinished && !entry.cut;
      entry.finishedAt = Date.now();
      if (entry.isChat) this.onFinished(entry);
    });
    return entry;
  }

  /** Before the simulator ends its connections: nobody shall take that for a client that left. */
  markAllCut(): void {
    for (const entry of this.open) entry.cut = true;
  }
}

/** The id the attempts of one call share; without one each request stands alone. */
function identify(incoming: IncomingMessage, response: ServerResponse): string {
  const given = incoming.headers['x-request-id'];
  const requestId = typeof given === 'string' && given !== '' ? given : randomUUID();
  response.setHeader('x-request-id', requestId);
  return requestId;
}

function watchConnection(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => controller.abort());
  // A write can still be under way when the peer goes; the close event tells the rest.
  response.on('error', () => controller.abort());
  return controller.signal;
}
