import { CallsInFlight } from './calls-in-flight.js';
import { isCall, isRepeatable, type ClientCall, type ClientLine } from './client-line.js';
import { type GatewayLink } from './gateway-link.js';
import { type RequestId } from './message.js';
import { cancelledCall, stampedCall } from './stamped-call.js';
import { WaitingLines } from './waiting-lines.js';

/** Close code of a gateway that was sent more than it takes. */
const TOO_LARGE = 1009;

export interface OutboxOptions {
  /** How long a call runs at most that names no limit itself. */
  readonly maxCallMs: number;
  /** How long the client waits for the answer to a call at most, when that is known. */
  readonly answerWithinMs?: number | undefined;
}

/** Requests that no socket will be asked again. */
export interface LostRequests {
  /** Asking twice could do something twice. */
  readonly unknown: readonly ClientCall[];
  /** The gateway has ended the socket because of it. */
  readonly tooLarge: ClientCall | undefined;
}

interface CancelledCall {
  readonly entry: ClientCall;
  /** The client's notification. */
  readonly line: string;
}

/**
 * What the client has asked for and has no answer to. While there is no socket it waits in order; what a lost socket
 * had taken is sent again on the next, before the rest, calls under a key by which the gateway knows them.
 */
export class Outbox {
  readonly inFlight = new CallsInFlight();
  private readonly waiting: WaitingLines;
  /** Calls of which the present socket may not have taken the cancel yet. */
  private readonly cancelled = new Set<CancelledCall>();
  private link: GatewayLink | undefined;

  constructor(private readonly options: OutboxOptions) {
    this.waiting = new WaitingLines(options.maxCallMs);
  }

  get isOpen(): boolean {
    return this.link !== undefined;
  }

  /** True when somebody waits for a gateway. */
  get isWanted(): boolean {
    return this.waiting.isWanted;
  }

  /** No request but open subscriptions is without its answer. */
  get isIdle(): boolean {
    return this.inFlight.isEmpty && !this.waiting.hasRequests;
  }

  /** Bytes that wait for a socket. */
  get length(): number {
    return this.waiting.length;
  }

  /** From now on lines travel over `link`. */
  open(link: GatewayLink): void {
    this.link = link;
    for (const entry of this.waiting.takeAll()) this.pass(entry);
  }

  /** @param code with which the socket was closed */
  close(code: number): LostRequests {
    this.link = undefined;
    const lost = this.inFlight.takeAll();
    const tooLarge = code === TOO_LARGE ? largestOf(lost) : undefined;
    const others = lost.filter((entry) => entry !== tooLarge);
    this.waiting.unshift(...others.filter(isRepeatable));
    for (const cancel of this.cancelled) this.keepCancel(cancel);
    this.cancelled.clear();
    return { tooLarge, unknown: others.filter((entry) => !isRepeatable(entry)) };
  }

  pass(entry: ClientLine): void {
    if (!this.link) {
      this.waiting.push(entry);
    } else if (isCall(entry)) {
      const line = entry.key === undefined ? entry.line : stampedCall(entry, this.options.answerWithinMs);
      entry.sends += 1;
      this.inFlight.add(entry);
      this.link.send(line);
    } else {
      this.link.send(entry.line);
    }
  }

  /** For the next socket: this one takes no more. */
  postpone(entry: ClientCall): void {
    this.waiting.push(entry);
  }

  /**
   * @param line the client's notification
   * @returns false when there is nobody to tell
   */
  cancel(id: RequestId, line: string): boolean {
    const waiting = this.waiting.take(id);
    if (waiting) {
      if (waiting.sends > 0) this.keepCancel({ entry: waiting, line });
      return false;
    }
    const entry = this.inFlight.take(id);
    if (entry && this.link) {
      const cancel = { entry, line };
      this.cancelled.add(cancel);
      this.link.whenTaken(() => this.cancelled.delete(cancel));
    }
    return this.isOpen;
  }

  takeInitialize(): ClientCall | undefined {
    return this.waiting.takeInitialize();
  }

  /** @returns the requests that have waited too long for a gateway, or all when `now` is not given */
  takeOverdue(now?: number): readonly ClientCall[] {
    return this.waiting.takeOverdue(now);
  }

  /** Nobody waits for anything any more. */
  abandon(reason: string): void {
    for (const { request } of this.inFlight.takeAll()) {
      const params = { requestId: request.id, reason };
      this.link?.send(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params }));
    }
    this.waiting.takeAll();
  }

  /** For the next gateway, as long as the call may run there. */
  private keepCancel({ entry, line }: CancelledCall): void {
    if (entry.key !== undefined)
      this.waiting.keep(cancelledCall(entry, line), this.waiting.deadlineOf(entry));
  }
}

function largestOf(entries: readonly ClientCall[]): ClientCall | undefined {
  return [...entries].sort((a, b) => b.line.length - a.line.length)[0];
}
