import { type CallProgress } from '#libs/tools';
import { type OnApplicationShutdown } from '@nestjs/common';
import { type Change } from './change.js';

/** What processes tell each other, mostly about calls: small, and every one of them may be lost. */
export type CallSignal =
  | { readonly done: readonly string[] }
  | { readonly cancel: readonly string[] }
  | { readonly asked: readonly string[] }
  | { readonly changed: Change }
  /** `no` makes them different: PostgreSQL delivers equal ones of one commit once. */
  | { readonly progress: { readonly id: string; readonly no?: number } & CallProgress };

export type SignalListener = (signal: CallSignal) => void;

/**
 * Carries signals between processes. A lost one costs latency and nothing else: answers are read from the ledger,
 * which the sweep of `CallWaiters` and the heartbeat of `RunningAttempts` ask anyway.
 */
export abstract class CallSignals implements OnApplicationShutdown {
  private readonly listeners = new Set<SignalListener>();
  private outbox: CallSignal[] = [];
  private leaving: Promise<void> = Promise.resolve();

  /** Ready to hear signals of others. Reconnects by itself afterwards. */
  abstract start(): Promise<void>;
  abstract close(): Promise<void>;
  /** Sends what one turn of the event loop had to tell; resolves when it has left, or could not. */
  protected abstract send(payloads: readonly string[]): Promise<void>;

  /** NOTIFY channel that terminal writes announce themselves on; undefined when they must be published. */
  abstract readonly ledgerChannel: string | undefined;

  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  subscribe(listener: SignalListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  publish(signal: CallSignal): void {
    this.outbox.push(signal);
    if (this.outbox.length === 1) setImmediate(() => this.flush());
  }

  /** Resolves when what was published before has left this process: what is committed then arrives after it. */
  sent(): Promise<void> {
    this.flush();
    return this.leaving;
  }

  private flush(): void {
    const signals = this.outbox;
    if (signals.length === 0) return;
    this.outbox = [];
    const texts = signals.filter((signal) => 'progress' in signal).map((signal) => JSON.stringify(signal));
    for (const list of ID_LISTS) {
      const ids = signals.flatMap((signal) => (list in signal ? (signal as IdSignal)[list] : []));
      for (const chunk of inChunks(ids)) texts.push(JSON.stringify({ [list]: chunk }));
    }
    const changes = signals.filter((signal) => 'changed' in signal).map((signal) => JSON.stringify(signal));
    // Several in one turn are mostly one and the same.
    this.leaving = this.send([...texts, ...new Set(changes)]);
  }

  protected receive(text: string): void {
    let signal: CallSignal;
    try {
      signal = JSON.parse(text) as CallSignal;
    } catch {
      return;
    }
    for (const listener of this.listeners) listener(signal);
  }
}

/** Signals that are lists of call ids, in the order in which they leave. */
const ID_LISTS = ['done', 'cancel', 'asked'] as const;
type IdSignal = Readonly<Record<(typeof ID_LISTS)[number], readonly string[]>>;

/** 100 ids of 36 characters stay below the 8,000 bytes of a NOTIFY payload. */
const IDS_PER_SIGNAL = 100;

function* inChunks(ids: readonly string[]): Generator<readonly string[]> {
  for (let at = 0; at < ids.length; at += IDS_PER_SIGNAL) yield ids.slice(at, at + IDS_PER_SIGNAL);
}
