import { randomUUID } from 'node:crypto';
import { type ClientCall } from './client-line.js';
import { type ClientFileSender } from './files/client-file-sender.js';
import { GatewayFrames } from './gateway-frames.js';
import { type GatewayLink } from './gateway-link.js';
import { earlyAnswer, Handshake } from './handshake.js';
import { isId, readMessage, type ClientRequest, type Fields, type RequestId } from './message.js';
import { Outbox, type OutboxOptions } from './outbox.js';
import { PreparingCalls } from './preparing-calls.js';
import { errorLine, givenUpLine, lostLine, tooLarge, toolErrorLine, type Refusal } from './refusal.js';
import { STAMP_BYTES } from './stamped-call.js';

/** A gateway that does not answer the repeated handshake is not one to wait for. */
const REPLAY_LIMIT_MS = 10_000;

export interface BridgeOptions extends OutboxOptions {
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
 * Between one client and, one after the other, the sockets to the gateway: each request gets one answer, whatever
 * becomes of the socket that took it.
 */
export class Bridge {
  private readonly handshake = new Handshake();
  private readonly outbox: Outbox;
  private readonly frames: GatewayFrames;
  private readonly preparing = new PreparingCalls();
  private link: GatewayLink | undefined;
  private unwritten = 0;
  private replayTimer: NodeJS.Timeout | undefined;
  private idle: (() => void) | undefined;

  constructor(private readonly options: BridgeOptions) {
    this.outbox = new Outbox(options);
    this.frames = new GatewayFrames(this.handshake, this.outbox.inFlight);
  }

  get hasWaiting(): boolean {
    return this.outbox.isWanted;
  }

  /** Bytes that the gateway has not taken yet. */
  get backlog(): number {
    return (this.link?.backlog ?? 0) + this.outbox.length + this.preparing.length;
  }

  /** A line of the client. */
  receive(line: string): void {
    const message = readMessage(line);
    if (this.isTooLarge(line, message.kind === 'request' && message.request.method === 'tools/call')) {
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
      case 'response': {
        const answer = message.id === null ? undefined : this.frames.answerOf(line, message.id);
        // An answer to a question that was asked on a lost socket interests nobody.
        if (answer !== undefined) this.link?.send(answer);
        return;
      }
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
      this.outbox.open(link);
      return;
    }
    link.send(replay);
    this.replayTimer = setTimeout(() => link.close(), REPLAY_LIMIT_MS);
  }

  /**
   * The socket is gone: what it has not answered is asked again on the next one, unless that could do harm.
   * @param code with which it was closed
   */
  detach(code: number): void {
    this.link = undefined;
    clearTimeout(this.replayTimer);
    this.writeAll(this.frames.lose());
    const lost = this.outbox.close(code);
    if (lost.tooLarge) this.refuse(lost.tooLarge.request.id, tooLarge(lost.tooLarge.line.length));
    for (const entry of lost.unknown) this.writeLater(lostLine(entry));
    this.checkIdle();
  }

  /** A frame of the gateway. */
  deliver(text: string): void {
    const { lines, replayed, refused } = this.frames.read(text);
    if (replayed !== undefined) this.endReplay(replayed);
    if (refused) this.outbox.postpone(refused);
    this.writeAll(lines);
    this.checkIdle();
  }

  /** Refuses what has waited too long for a gateway. */
  failOverdue(refusal: Refusal): void {
    this.fail(this.outbox.takeOverdue(Date.now()), refusal, (entry) => lostLine(entry));
  }

  /** Refuses all that waits: no gateway will come. */
  failWaiting(refusal: Refusal): void {
    this.fail(this.outbox.takeOverdue(), refusal, (entry) => givenUpLine(entry, refusal));
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
    this.outbox.abandon(reason);
    this.preparing.stop();
  }

  private receiveRequest(line: string, request: ClientRequest): void {
    const { method, tool } = request;
    if (method === 'initialize') {
      this.handshake.remember(line, request);
      const { earlyAnswerMs } = this.options;
      if (earlyAnswerMs !== undefined) setTimeout(() => this.answerInitializeEarly(), earlyAnswerMs).unref();
    }
    const entry: ClientCall = {
      line,
      request,
      since: Date.now(),
      sends: 0,
      ...(method === 'tools/call' && { key: randomUUID() }),
    };
    if (tool === undefined || !this.options.files) this.outbox.pass(entry);
    else void this.prepare(entry, this.options.files);
  }

  private async prepare(entry: ClientCall, files: Pick<ClientFileSender, 'prepare'>): Promise<void> {
    const { line, request } = entry;
    const prepare = (signal: AbortSignal) => files.prepare(line, signal);
    await this.preparing.run(line, request.id, prepare, (prepared) => {
      if ('refusal' in prepared) {
        this.writeLater(toolErrorLine(request, prepared.refusal));
        return;
      }
      this.outbox.pass({ ...entry, ...prepared });
      if (this.hasWaiting) this.options.onWaiting?.();
    });
    this.checkIdle();
  }

  /** The client gets its answer to `initialize` now, if it still waits for one: its gateway is only starting. */
  private answerInitializeEarly(): void {
    const initialize = this.outbox.takeInitialize();
    if (!initialize) return;
    this.handshake.settle();
    this.options.write(earlyAnswer(initialize.request));
  }

  private isTooLarge(line: string, isStamped: boolean): boolean {
    const room = this.options.maxMessageBytes - (isStamped ? STAMP_BYTES : 0);
    // No character takes more than three bytes per unit of length.
    return line.length * 3 > room && Buffer.byteLength(line) > room;
  }

  private receiveNotification(line: string, method: string, params: Fields): void {
    if (method === 'notifications/initialized') {
      this.handshake.rememberInitialized(line);
      // Otherwise the replay brings it, or it would overtake the `initialize` that waits.
      if (!this.outbox.isOpen && this.handshake.initializedLine !== undefined) return;
    }
    if (method === 'notifications/cancelled' && isId(params['requestId'])) {
      const id = params['requestId'];
      if (this.preparing.cancel(id) || !this.outbox.cancel(id, line)) return;
    }
    this.outbox.pass({ line, since: Date.now() });
  }

  private endReplay(ok: boolean): void {
    clearTimeout(this.replayTimer);
    if (!ok) this.options.log('the gateway refused to repeat the handshake');
    const { initializedLine } = this.handshake;
    if (initializedLine !== undefined) {
      for (const line of [initializedLine, ...this.frames.replayLines()]) this.link?.send(line);
      this.writeAll(this.frames.missedChanges());
    }
    if (this.link) this.outbox.open(this.link);
  }

  private fail(
    entries: readonly ClientCall[],
    refusal: Refusal,
    lineFor: (entry: ClientCall) => Promise<string>,
  ): void {
    for (const entry of entries) {
      if (entry.sends > 0 && entry.key !== undefined) this.writeLater(lineFor(entry));
      else this.refuse(entry.request.id, refusal);
    }
    this.checkIdle();
  }

  private writeAll(lines: readonly string[]): void {
    for (const line of lines) this.options.write(line);
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
    if (this.unwritten === 0 && this.preparing.isEmpty && this.outbox.isIdle) this.idle?.();
  }
}
