import type { IncomingMessage, ServerResponse } from 'node:http';
import { writeAnswer, type Answer } from './answer.js';
import { hashCredential } from './credentials.js';
import type { Dialect, VendorError } from './dialect.js';
import type { Surroundings } from './exchange.js';
import { readJson, sendJson } from './http-body.js';
import { InputError } from './input-error.js';
import { RateLimits, type LimitState } from './rate-limits.js';
import type { Arrival, Reception } from './reception.js';
import type { ChatRequest } from './request.js';
import { vendorRequestId, type RequestLogEntry } from './request-log.js';
import { runBehaviour } from './run-behaviour.js';
import { select, type Scripts, type Selection } from './selection.js';
import type { Stats } from './stats.js';
import { invalidRequest, rateLimited } from './vendor-errors.js';

export interface ChatHandlerOptions {
  readonly reception: Reception;
  readonly scripts: Scripts;
  readonly stats: Stats;
  readonly surroundings: Surroundings;
}

/** A request that was understood, and what shall become of it. */
interface Accepted {
  readonly request: ChatRequest;
  readonly selection: Selection;
  readonly answer: Answer;
  readonly limit: LimitState | undefined;
}

/** Answers chat requests of any dialect: reads, selects a behaviour, runs it, logs what became of it. */
export class ChatHandler {
  readonly rateLimits = new RateLimits();

  constructor(private readonly options: ChatHandlerOptions) {}

  async handle(dialect: Dialect, path: string, incoming: IncomingMessage, response: ServerResponse) {
    const arrival = this.options.reception.receive(path, incoming, response);
    const accepted = await this.accept(dialect, arrival).catch(asRejection);
    if (arrival.connection.aborted) return;
    if (accepted instanceof InputError) return this.reject(dialect, arrival, accepted);
    const { request, limit } = accepted;
    const entry = this.options.reception.admit(
      arrival,
      {
        isChat: true,
        model: request.model,
        stream: request.stream,
        images: request.images,
        behaviour: limit?.isExceeded ? 'rate-limit' : accepted.selection.step.behaviour.name,
      },
      this.options.stats.begin(request.model),
    );
    setHeaders(response, dialect.headers(vendorRequestId(entry)));
    if (limit) setHeaders(response, dialect.limitHeaders(limit, request.model));
    if (limit?.isExceeded) refuseForNow(dialect, limit, response, entry);
    else await this.run(dialect, arrival, entry, accepted);
  }

  private async accept(dialect: Dialect, { incoming, attempt }: Arrival): Promise<Accepted> {
    const request = dialect.readRequest(await readJson(incoming));
    const selection = select(request, attempt, this.options.scripts);
    const { settings, prompt, hasDirective } = selection;
    const plain = hasDirective ? { ...request, prompt } : request;
    const answer = writeAnswer(plain, settings, hasDirective);
    const tokens = answer.promptTokens + answer.completionTokens;
    const limit =
      settings.rateLimit &&
      this.rateLimits.take(hashCredential(incoming.headers), settings.rateLimit, tokens);
    return { request: plain, selection, answer, limit };
  }

  private reject(dialect: Dialect, arrival: Arrival, { status, message, code }: InputError): void {
    const { response } = arrival;
    const entry = this.options.reception.admit(arrival, {
      isChat: true,
      model: null,
      stream: false,
      behaviour: 'invalid-request',
    });
    setHeaders(response, dialect.headers(vendorRequestId(entry)));
    fail(dialect, invalidRequest(status, message, code), response, entry);
  }

  private run(
    dialect: Dialect,
    arrival: Arrival,
    entry: RequestLogEntry,
    { request, selection: { step, settings }, answer }: Accepted,
  ): Promise<void> {
    const { surroundings } = this.options;
    return runBehaviour({ step, settings, request, answer, dialect, surroundings }, arrival, entry);
  }
}

function refuseForNow(
  dialect: Dialect,
  { resetMs }: LimitState,
  response: ServerResponse,
  entry: RequestLogEntry,
): void {
  const seconds = Math.ceil(resetMs / 1000);
  response.setHeader('retry-after', seconds);
  fail(dialect, rateLimited(seconds), response, entry);
}

function fail(dialect: Dialect, error: VendorError, response: ServerResponse, entry: RequestLogEntry): void {
  entry.status = error.status;
  entry.bytesOut = sendJson(response, error.status, dialect.errorBody(error, vendorRequestId(entry)));
}

function setHeaders(response: ServerResponse, headers: ReturnType<Dialect['headers']>): void {
  for (const name in headers) response.setHeader(name, headers[name] ?? '');
}

/** Anything but a mistake of the sender is ours, or the connection broke while the body was coming. */
function asRejection(error: unknown): InputError {
  if (error instanceof InputError) return error;
  throw error;
}
