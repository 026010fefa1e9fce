import { type CallProgress } from '#libs/tools';
import { type OnApplicationShutdown } from '@nestjs/common';

/** What processes tell each other about calls: small, and every one of them may be lost. */
export type CallSignal =
  | { readonly done: readonly string[] }
  | { readonly cancel: readonly string[] }
  | { readonly progress: { readonly id: string } & CallProgress };

export type SignalListener = (signal: CallSignal) => void;

/**
 * Carries signals between processes. A lost one costs latency and nothing else: answers are read from the ledger,
 * which the sweep of `CallWaiters` and the heartbeat of `RunningAttempts` ask anyway.
 */
export abstract class CallSignals implements OnApplicationShutdown {
  private readonly listeners = new Set<SignalListener>();
  private outbox: CallSignal[] = [];

  /** Ready to hear signals of others. Reconnects by itself afterwards. */
  abstract start(): Promise<void>;
  abstract close(): Promise<void>;
  /** Sends what one turn of the event loop had to tell. */
  protected abstract send(payloads: readonly string[]): void;

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

  private flush(): void {
    const signals = this.outbox;
    this.outbox = [];
    const idsOf = (list: 'done' | 'cancel') =>
      signals.flatMap((signal) => (list in signal ? (signal as Record<typeof list, string[]>)[list] : []));
    const merged: CallSignal[] = signals.filter((signal) => 'progress' in signal);
    for (const done of inChunks(idsOf('done'))) merged.push({ done });
    for (const cancel of inChunks(idsOf('cancel'))) merged.push({ cancel });
    this.send(merged.map((signal) => JSON.stringify(signal)));
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

/** 100 ids of 36 characters stay below the 8,000 bytes of a NOTIFY payload. */
const IDS_PER_SIGNAL = 100;

function* inChunks(ids: readonly string[]): Generator<readonly string[]> {
  for (let at = 0; at < ids.length; at += IDS_PER_SIGNAL) yield ids.slice(at, at + IDS_PER_SIGNAL);
}
