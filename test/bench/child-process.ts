import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export type Outcome<Result> = { readonly result: Result } | { readonly failure: string };

/** A helper process that takes one order at a time and answers each. */
export class Helper<Order extends object, Result> {
  private constructor(private readonly child: ChildProcess) {}

  /** @param script beside this file; ready when it has sent its first message */
  static async start<O extends object, R>(
    script: string,
    args: readonly string[] = [],
  ): Promise<{ helper: Helper<O, R>; hello: unknown }> {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const child = fork(path, [...args], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const [hello] = await Promise.race([
      once(child, 'message') as Promise<[unknown]>,
      once(child, 'exit').then(() => Promise.reject(new Error(`${script} ended before it was ready.`))),
    ]);
    return { helper: new Helper<O, R>(child), hello };
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async ask(order: Order): Promise<Result> {
    const answer = once(this.child, 'message') as Promise<[Outcome<Result>]>;
    this.child.send(order);
    const [outcome] = await answer;
    if ('failure' in outcome) throw new Error(outcome.failure);
    return outcome.result;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}

/** The other end: answers each order of the parent, and ends with it. */
export function answerOrders<Order, Result>(work: (order: Order) => Promise<Result>): void {
  process.on('message', (order) => {
    work(order as Order).then(
      (result) => process.send?.({ result }),
      (error: unknown) =>
        process.send?.({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  process.on('disconnect', () => process.exit(0));
}
