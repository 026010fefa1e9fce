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

  /** Ready to hear signals of others. Reconnects by itself afterwards. */
  abstract start(): Promise<void>;
  abstract publish(signal: CallSignal): void;
  abstract close(): Promise<void>;

  /** NOTIFY channel that terminal writes announce themselves on; undefined when they must be published. */
  abstract readonly ledgerChannel: string | undefined;

  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  subscribe(listener: SignalListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
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
