import { isCall, type ClientCall, type ClientLine } from './client-line.js';
import { LISTEN, type RequestId } from './message.js';

/** Requests that no gateway has taken wait this long for one. */
const PATIENCE_MS = 30_000;

interface WaitingLine {
  readonly entry: ClientLine;
  /** Without a gateway it is given up then. */
  readonly until: number;
}

/** What waits for a socket, in the order in which it is sent. */
export class WaitingLines {
  private lines: WaitingLine[] = [];

  /** @param maxCallMs how long a call runs at most that names no limit itself */
  constructor(private readonly maxCallMs: number) {}

  /** True when somebody waits; an open subscription is no reason to start a gateway. */
  get isWanted(): boolean {
    return this.lines.some(({ entry }) => entry.request?.method !== LISTEN);
  }

  get hasRequests(): boolean {
    return this.lines.some(({ entry: { request } }) => request && request.method !== LISTEN);
  }

  /** Of all lines together. */
  get length(): number {
    return this.lines.reduce((sum, { entry }) => sum + entry.line.length, 0);
  }

  push(...entries: readonly ClientLine[]): void {
    this.lines.push(...entries.map((entry) => this.waiting(entry)));
  }

  unshift(...entries: readonly ClientLine[]): void {
    this.lines.unshift(...entries.map((entry) => this.waiting(entry)));
  }

  /** @param until milliseconds since the epoch */
  keep(lines: readonly string[], until: number): void {
    const since = Date.now();
    this.lines.push(...lines.map((line) => ({ entry: { line, since }, until })));
  }

  takeAll(): ClientLine[] {
    const { lines } = this;
    this.lines = [];
    return lines.map(({ entry }) => entry);
  }

  /** @returns the requests whose time is over, or all when `now` is not given */
  takeOverdue(now = Infinity): ClientCall[] {
    const overdue = this.lines.filter(({ until }) => until <= now);
    this.lines = this.lines.filter(({ until }) => until > now);
    return overdue.map(({ entry }) => entry).filter(isCall);
  }

  take(id: RequestId): ClientCall | undefined {
    return this.takeFirst(({ request }) => request.id === id);
  }

  takeInitialize(): ClientCall | undefined {
    return this.takeFirst(({ request }) => request.method === 'initialize');
  }

  /** When a call is given up that a gateway may have taken on: it ends there then, too. */
  deadlineOf({ request, since }: ClientCall): number {
    return since + Math.min(request.timeoutMs ?? this.maxCallMs, this.maxCallMs);
  }

  private takeFirst(matches: (entry: ClientCall) => boolean): ClientCall | undefined {
    const index = this.lines.findIndex(({ entry }) => isCall(entry) && matches(entry));
    if (index < 0) return undefined;
    const [found] = this.lines.splice(index, 1);
    return found && isCall(found.entry) ? found.entry : undefined;
  }

  private waiting(entry: ClientLine): WaitingLine {
    return { entry, until: this.untilOf(entry) };
  }

  private untilOf(entry: ClientLine): number {
    if (!isCall(entry)) return Date.now() + PATIENCE_MS;
    if (entry.request.method === LISTEN) return Infinity;
    return entry.sends > 0 && entry.key !== undefined ? this.deadlineOf(entry) : Date.now() + PATIENCE_MS;
  }
}
