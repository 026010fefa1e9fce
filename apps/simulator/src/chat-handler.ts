import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { writeAnswer } from './answer.js';
import { Attempts } from './attempts.js';
import type { ControlQueue } from './control-queue.js';
import type { Dialect } from './dialect.js';
import { Exchange } from './exchange.js';
import { readJson, sendJson } from './http-body.js';
import { InputError } from './input-error.js';
import { type ChatRequest } from './request.js';
import { type RequestLog, type RequestLogEntry } from './request-log.js';
import { select, type Selection } from './selection.js';
import { invalidRequest } from './vendor-errors.js';

export interface ChatHandlerOptions {
  readonly log: RequestLog;
  readonly queue: ControlQueue;
  readonly onFinished: (entry: RequestLogEntry) => void;
  /** True while the simulator itself closes the connections. */
  readonly isClosing: () => boolean;
}

/** Answers chat requests of any dialect: reads, selects a behaviour, runs it, logs what became of it. */
export class ChatHandler {
  private readonly attempts = new Attempts();

  constructor(private readonly options: ChatHandlerOptions) {}

  async handle(dialect: Dialect, path: string, incoming: IncomingMessage, response: ServerResponse) {
    const requestId = identify(incoming, response);
    const connection = watchConnection(response);
    const attempt = this.attempts.next(requestId);
    const accepted = await this.accept(dialect, incoming, attempt).catch(asRejection);
    if (connection.aborted) return;
    const isRejected = accepted instanceof InputError;
    const entry = this.options.log.add(
      {
        path,
        requestId,
        attempt,
        model: isRejected ? null : accepted.request.model,
        stream: isRejected ? false : accepted.request.stream,
        behaviour: isRejected ? 'invalid-request' : accepted.selection.step.behaviour.name,
      },
      incoming.headers,
    );
    response.once('close', () => this.finish(entry, response));
    if (isRejected) {
      const body = dialect.errorBody(invalidRequest(accepted.status, accepted.message, accepted.code));
      entry.status = accepted.status;
      entry.bytesOut = sendJson(response, accepted.status, body);
    } else {
      await run(accepted, dialect, response, entry, connection);
    }
  }

  private async accept(dialect: Dialect, incoming: IncomingMessage, attempt: number): Promise<Accepted> {
    const request = dialect.readRequest(await readJson(incoming));
    return { request, selection: select(request, attempt, this.options.queue) };
  }

  private finish(entry: RequestLogEntry, response: ServerResponse): void {
    entry.aborted = !response.writableFinished && !entry.cut && !this.options.isClosing();
    entry.finishedAt = Date.now();
    this.options.onFinished(entry);
  }
}

interface Accepted {
  readonly request: ChatRequest;
  readonly selection: Selection;
}

async function run(
  { request, selection }: Accepted,
  dialect: Dialect,
  response: ServerResponse,
  entry: RequestLogEntry,
  connection: AbortSignal,
): Promise<void> {
  const { step, settings, prompt, hasDirective } = selection;
  const answer = writeAnswer(request, prompt, settings, hasDirective);
  const exchange = new Exchange({ request, dialect, answer, settings }, response, entry, connection);
  try {
    await exchange.pause(settings.latencyMs);
    await step.behaviour.run(exchange, step.args);
  } catch (error) {
    // Whatever waits on a connection rejects when it is gone; that is how a behaviour ends early.
    if (!connection.aborted) throw error;
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

/** Anything but a mistake of the sender is ours, or the connection broke while the body was coming. */
function asRejection(error: unknown): InputError {
  if (error instanceof InputError) return error;
  throw error;
}
