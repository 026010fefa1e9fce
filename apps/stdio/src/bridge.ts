import { CallsInFlight, type ClientLine } from './calls-in-flight.js';
import { type ClientFileSender } from './files/client-file-sender.js';
import { type GatewayLink } from './gateway-link.js';
import { earlyAnswer, Handshake, REPLAY_ID } from './handshake.js';
import { isId, readMessage, type ClientRequest, type Fields, type RequestId } from './message.js';
import { PreparingCalls } from './preparing-calls.js';
import { errorLine, lostLine, tooLarge, toolErrorLine, type Refusal } from './refusal.js';

/** A gateway that does not answer the repeated handshake is not one to wait for. */
const REPLAY_LIMIT_MS = 10_000;

/** Asking these again changes nothing. */
const READS = new Set([
  'initialize',
  'server/discover',
  'ping',
  'tools/list',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'completion/complete',
]);

export interface BridgeOptions {
  /** Writes one line to the client. */
  readonly write: (line: string) => void;
  /** Largest message the gateway takes. */
  readonly maxMessageBytes: number;
  /** How long a client waits for its answer to `initialize` before it gets ours; absent = as long as it takes. */
  readonly earlyAnswerMs?: number | undefined;
  /** Present when this side reads the files that calls name. */
  readonly files?: Pick<ClientFileSender, 'prepare'> | undefined;
  /** Told when a message waits that was not there when the client was last heard. */
  readonly onWaiting?: () => void;
  readonly log: (message: string) => void;
}

/**
 * Between one client and, one after the other, the sockets to the gateway: messages travel verbatim, each request
 * gets one answer, and what comes while there is no socket waits in order.
 */
export class Bridge {
  private readonly handshake = new Handshake();
  private readonly inFlight = new CallsInFlight();
  private readonly preparing = new PreparingCalls();
  private waiting: ClientLine[] = [];
  private link: GatewayLink | undefined;
  /** False while the handshake is being replayed. */
  private ready = false;
  private unwritten = 0;
  private replayTimer: NodeJS.Timeout | undefined;
  private idle: (() => void) | undefined;

  constructor(private readonly options: BridgeOptions) {}

  get hasWaiting(): boolean {
    return this.waiting.length > 0;
  }

  /** Bytes that the gateway has not taken yet. */
  get backlog(): number {
    const waiting = this.waiting.reduce((sum, { line }) => sum + line.length, this.preparing.length);
    return (this.link?.backlog ?? 0) + waiting;
  }

  /** A line of the client. */
  receive(line: string): void {
    const message = readMessage(line);
    if (this.isTooLarge(line)) {
      // The gateway would end the socket, and with it every call that runs on it.
      const id = message.kind === 'request' ? message.request.id : null;
      this.refuse(id, tooLarge(this.options.maxMessageBytes));
      return;
    }
    switch (message.kind) {
      case 'request':
        this.receiveRequest(line, message.request);
        return;
      case 'notification':
        this.receiveNotification(line, message.method, message.params);
        return;
      case 'response':
        // An answer to a question that was asked on a lost socket interests nobody.
        if (this.ready) this.link?.send(line);
        return;
      case 'unreadable':
        // Not forwarded: the gateway ends a socket after some of these, and with it the calls of the client.
        this.refuse(null, { code: message.code });
    }
  }

  refuse(id: RequestId | null, refusal: Refusal): void {
    this.writeLater(errorLine(id, refusal));
  }

  /** A socket is open. It hears the handshake again if the client has been through it already. */
  attach(link: GatewayLink): void {
    this.link = link;
    const replay = this.handshake.replayLine();
    if (replay === undefined) {
      this.becomeReady();
      return;
    }
    link.send(replay);
    this.replayTimer = setTimeout(() => link.close(), REPLAY_LIMIT_MS);
  }

  /** The socket is gone: reads are asked again on the next one, of everything else the outcome is unknown. */
  detach(): void {
    this.link = undefined;
    this.ready = false;
    clearTimeout(this.replayTimer);
    const lost = this.inFlight.takeAll();
    this.waiting.unshift(...lost.filter(({ request }) => isRead(request)));
    for (const { request, callId } of lost) {
      if (!isRead(request)) this.writeLater(lostLine(request, callId));
    }
    this.checkIdle();
  }

  /** A frame of the gateway. */
  deliver(text: string): void {
    const message = readMessage(text);
    if (message.kind === 'response' && message.id !== null) {
      if (message.id === REPLAY_ID) {
        this.endReplay(message.ok);
        return;
      }
      const answered = this.inFlight.take(message.id);
      // Cancelled or answered before: a second answer would confuse the client.
      if (!answered) return;
      if (answered.request.method === 'initialize' && message.ok) this.handshake.settle();
      if (message.continuationId !== undefined) answered.onThread?.(message.continuationId);
    } else if (message.kind === 'notification' && message.method === 'notifications/progress') {
      this.inFlight.noteProgress(message.params);
    }
    // A line break between JSON tokens is legal in a frame and would be the end of a line here.
    this.options.write(text.includes('\n') ? JSON.stringify(JSON.parse(text)) : text);
    this.checkIdle();
  }

  /** Refuses what has waited since before `before`. */
  failWaiting(refusal: Refusal, before = Infinity): void {
    const tooOld = this.waiting.filter(({ since }) => since < before);
    this.waiting = this.waiting.filter(({ since }) => since >= before);
    for (const { request } of tooOld) if (request) this.refuse(request.id, refusal);
    this.checkIdle();
  }

  /** Resolves when every request has its answer; an open subscription is not waited for. */
  whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.idle = resolve;
      this.checkIdle();
    });
  }

  /** Tells the gateway that nobody waits for these calls any more. */
  cancelInFlight(reason: string): void {
    for (const { request } of this.inFlight.takeAll()) {
      const params = { requestId: request.id, reason };
      this.link?.send(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params }));
    }
    this.waiting = [];
    this.preparing.stop();
  }

  private receiveRequest(line: string, request: ClientRequest): void {
    if (request.method === 'initialize') {
      this.handshake.remember(line, request);
      const { earlyAnswerMs } = this.options;
      if (earlyAnswerMs !== undefined) setTimeout(() => this.answerInitializeEarly(), earlyAnswerMs).unref();
    }
    const entry = { line, request, since: Date.now() };
    if (request.tool === undefined || !this.options.files) this.pass(entry);
    else void this.prepare(entry, this.options.files);
  }

  private async prepare(
    { line, request, since }: ClientLine & { readonly request: ClientRequest },
    files: Pick<ClientFileSender, 'prepare'>,
  ): Promise<void> {
    const prepare = (signal: AbortSignal) => files.prepare(line, signal);
    await this.preparing.run(line, request.id, prepare, (prepared) => {
      if ('refusal' in prepared) {
        this.writeLater(toolErrorLine(request, prepared.refusal));
        return;
      }
      this.pass({ ...prepared, request, since });
      if (this.hasWaiting) this.options.onWaiting?.();
    });
    this.checkIdle();
  }

  /** The client gets its answer to `initialize` now, if it still waits for one: its gateway is only starting. */
  private answerInitializeEarly(): void {
    const index = this.waiting.findIndex(({ request }) => request?.method === 'initialize');
    const request = this.waiting[index]?.request;
    if (!request) return;
    this.waiting.splice(index, 1);
    this.handshake.settle();
    this.options.write(earlyAnswer(request));
  }

  private isTooLarge(line: string): boolean {
    const { maxMessageBytes } = this.options;
    // No character takes more than three bytes per unit of length.
    return line.length * 3 > maxMessageBytes && Buffer.byteLength(line) > maxMessageBytes;
  }

  private receiveNotification(line: string, method: string, params: Fields): void {
    if (method === 'notifications/initialized') {
      this.handshake.rememberInitialized(line);
      // Otherwise the replay brings it, or it would overtake the `initialize` that waits.
      if (!this.ready && this.handshake.initializedLine !== undefined) return;
    }
    if (method === 'notifications/cancelled' && isId(params['requestId'])) {
      const id = params['requestId'];
      if (this.preparing.cancel(id)) return;
      const index = this.waiting.findIndex(({ request }) => request?.id === id);
      if (index >= 0) {
        this.waiting.splice(index, 1);
        return;
      }
      // Sent on a socket that is gone, and answered: there is nobody to tell.
      if (!this.inFlight.take(id) && !this.ready) return;
    }
    this.pass({ line, since: Date.now() });
  }

  private pass(entry: ClientLine): void {
    if (!this.ready || !this.link) {
      this.waiting.push(entry);
      return;
    }
    const { request } = entry;
    if (request) this.inFlight.add({ ...entry, request });
    this.link.send(entry.line);
  }

  private endReplay(ok: boolean): void {
    clearTimeout(this.replayTimer);
    if (!ok) this.options.log('the gateway refused to repeat the handshake');
    const { initializedLine } = this.handshake;
    if (initializedLine !== undefined) this.link?.send(initializedLine);
    this.becomeReady();
  }

  private becomeReady(): void {
    this.ready = true;
    const { waiting } = this;
    this.waiting = [];
    for (const entry of waiting) this.pass(entry);
  }

  /** Our own answers are worded by code that is loaded first; the end must not overtake them. */
  private writeLater(line: Promise<string>): void {
    this.unwritten += 1;
    void line.then((text) => {
      this.unwritten -= 1;
      this.options.write(text);
      this.checkIdle();
    });
  }

  private checkIdle(): void {
    if (this.unwritten > 0 || !this.preparing.isEmpty) return;
    if (this.inFlight.isEmpty && !this.waiting.some(({ request }) => request)) this.idle?.();
  }
}

function isRead({ method }: ClientRequest): boolean {
  return READS.has(method);
}
