import { type Message, type Wire } from './wire.js';

const SUBSCRIPTION_ID = 'io.modelcontextprotocol/subscriptionId';

/** Where the messages that belong to one request go. */
export interface Reply {
  /** A notification, or a request of the server, while the request runs. */
  push(message: Message): void;
  /** Its response; nothing follows. */
  end(message: Message): void;
}

interface OpenRequest {
  readonly id: NonNullable<Message['id']>;
  readonly method: string;
  readonly progressToken: unknown;
  readonly reply: Reply;
}

/**
 * Many HTTP requests over one wire. Ids and progress tokens of several clients meet on it, so each request gets one
 * of its own, which is put back in whatever belongs to the request.
 */
export class Exchange {
  private readonly open = new Map<number, OpenRequest>();
  private lastId = 0;

  /** @param onStray what belongs to no open request */
  constructor(
    private readonly wire: Wire,
    private readonly onStray: (message: Message) => void,
  ) {
    wire.onMessage((message) => this.deliver(message));
  }

  /** @returns the id on the wire */
  request(message: Message, reply: Reply): number {
    const id = ++this.lastId;
    const { method = '', params } = message;
    const progressToken = params?._meta?.['progressToken'];
    this.open.set(id, { id: message.id ?? 0, method, progressToken, reply });
    const ownToken = progressToken !== undefined && {
      params: { ...params, _meta: { ...params?._meta, progressToken: id } },
    };
    this.wire.send({ ...message, ...ownToken, id });
    return id;
  }

  /** A notification or an answer of the client. */
  pass(message: Message): void {
    const cancelled =
      message.method === 'notifications/cancelled' ? message.params?.['requestId'] : undefined;
    if (cancelled === undefined) return this.wire.send(message);
    const id = [...this.open].find(([, request]) => request.id === cancelled)?.[0];
    if (id !== undefined) this.cancel(id, message.params);
  }

  /** Tells the server that nobody waits for the answer any more. */
  cancel(id: number, params: Message['params'] = {}): void {
    if (!this.open.has(id)) return;
    this.wire.send({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { ...params, requestId: id },
    });
  }

  /** Nobody will answer any more. */
  giveUp(reason: string): void {
    for (const { id, reply } of this.open.values()) {
      reply.end({ jsonrpc: '2.0', id, error: { code: -32000, message: reason } });
    }
    this.open.clear();
  }

  private deliver(message: Message): void {
    if (message.method === undefined) return this.answer(message);
    const id = this.ownerOf(message);
    const request = id === undefined ? undefined : this.open.get(id);
    if (request) request.reply.push(asAsked(message, request));
    else this.onStray(message);
  }

  private answer(message: Message): void {
    const id = Number(message.id);
    const request = this.open.get(id);
    if (!request) return this.onStray(message);
    this.open.delete(id);
    request.reply.end({ ...message, id: request.id });
  }

  /** A log line or a question names no request: it goes with the newest one, as on HTTP it would in its stream. */
  private ownerOf({ method, params }: Message): number | undefined {
    if (method === 'notifications/progress') return Number(params?.['progressToken']);
    const subscription = params?._meta?.[SUBSCRIPTION_ID];
    if (subscription !== undefined) return Number(subscription);
    if (method?.endsWith('list_changed') || method === 'notifications/resources/updated') return undefined;
    return [...this.open].findLast(([, request]) => request.method !== 'subscriptions/listen')?.[0];
  }
}

/** With the token and the subscription id that the client knows. */
function asAsked(message: Message, { id, progressToken }: OpenRequest): Message {
  const { method, params } = message;
  if (method === 'notifications/progress') return { ...message, params: { ...params, progressToken } };
  if (params?._meta?.[SUBSCRIPTION_ID] === undefined) return message;
  return { ...message, params: { ...params, _meta: { ...params._meta, [SUBSCRIPTION_ID]: String(id) } } };
}
