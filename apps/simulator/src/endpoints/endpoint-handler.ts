import type { IncomingMessage, ServerResponse } from 'node:http';
import { OK } from '../behaviours.js';
import { chatCompletions } from '../chat-completions.js';
import { hashCredential } from '../credentials.js';
import type { Dialect } from '../dialect.js';
import type { Surroundings } from '../exchange.js';
import { InputError } from '../input-error.js';
import { messages } from '../messages.js';
import type { Arrival, Reception } from '../reception.js';
import type { ChatRequest } from '../request.js';
import { vendorRequestId, type RequestLogEntry } from '../request-log.js';
import { runBehaviour } from '../run-behaviour.js';
import { selectForPath, type Scripts } from '../selection.js';
import { invalidRequest } from '../vendor-errors.js';
import type { EndpointReply } from './endpoint.js';
import type { FoundEndpoint } from './endpoints.js';
import type { FileStore } from './file-store.js';
import type { ModelList } from './model-list.js';
import { isAnthropic } from './models.js';

export interface EndpointHandlerOptions {
  readonly reception: Reception;
  readonly scripts: Scripts;
  readonly surroundings: Surroundings;
  readonly models: ModelList;
  readonly files: FileStore;
}

/** Answers what is no chat: in full, or by the behaviour that was set for the endpoint's path or for everything. */
export class EndpointHandler {
  constructor(private readonly options: EndpointHandlerOptions) {}

  async handle(found: FoundEndpoint, path: string, incoming: IncomingMessage, response: ServerResponse) {
    const { reception, scripts, surroundings } = this.options;
    const arrival = reception.receive(path, incoming, response);
    const { step, settings } = selectForPath(found.endpoint.path, arrival.attempt, scripts);
    const entry = reception.admit(arrival, {
      isChat: false,
      model: null,
      stream: false,
      behaviour: step.behaviour.name,
    });
    const own = isAnthropic(incoming.headers) ? messages : chatCompletions;
    const reply = await this.replyTo(found, arrival, own, entry);
    const isOther = (reply.status ?? 200) !== 200 || Buffer.isBuffer(reply.body);
    if (isOther && step.behaviour === OK) return send(reply, response, entry);
    const dialect: Dialect = { ...own, answerBody: () => reply.body };
    const request = { ...NO_CHAT, model: found.endpoint.path };
    await runBehaviour({ step, settings, request, answer: NO_ANSWER, dialect, surroundings }, arrival, entry);
  }

  private async replyTo(
    { endpoint, prefix, id }: FoundEndpoint,
    { incoming }: Arrival,
    dialect: Dialect,
    entry: RequestLogEntry,
  ): Promise<EndpointReply> {
    const { models, files } = this.options;
    const query = new URLSearchParams(incoming.url?.split('?')[1]);
    const account = hashCredential(incoming.headers) ?? '';
    try {
      return await endpoint.reply({ incoming, prefix, id, query, account, models, files });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const { status, message, code } = error;
      const body = dialect.errorBody(invalidRequest(status, message, code), vendorRequestId(entry));
      return { status, body };
    }
  }
}

function send({ status = 200, body }: EndpointReply, response: ServerResponse, entry: RequestLogEntry): void {
  const isBinary = Buffer.isBuffer(body);
  const bytes = isBinary ? body : Buffer.from(JSON.stringify(body));
  entry.status = status;
  entry.bytesOut = bytes.length;
  response.writeHead(status, {
    'content-type': isBinary ? 'application/octet-stream' : 'application/json',
    'content-length': bytes.length,
  });
  response.end(bytes);
}

// Behaviours are made for chats; these stand in where there is none.
const NO_CHAT: ChatRequest = {
  model: '',
  stream: false,
  includeUsage: false,
  thinking: false,
  maxTokens: undefined,
  prompt: '',
  earlierTurns: 0,
  promptTokens: 0,
  tools: [],
  endsWithToolResult: false,
  images: [],
};
const NO_ANSWER = {
  text: '',
  finish: 'stop',
  promptTokens: 0,
  completionTokens: 0,
  reasoningTokens: 0,
  cachedTokens: 0,
  cacheWrittenTokens: 0,
} as const;
