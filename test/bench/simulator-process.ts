import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from '../harness/eventually.js';
import { endOnInterrupt } from './interrupts.js';
import { MAIN } from './program.js';

/** A vendor in a process of its own, which can be killed, frozen and started again on the same port. */
export class SimulatorProcess {
  private child: ChildProcess | undefined;

  constructor(readonly port: number) {
    endOnInterrupt(() => this.stop());
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${this.port}/v1`;
  }

  async start(): Promise<void> {
    const env = { PATH: process.env['PATH'] ?? '', EXAI_SIMULATOR_PORT: String(this.port) };
    this.child = spawn(process.execPath, [MAIN.simulator], { env, stdio: 'ignore' });
    await eventually(() => this.answers(), 'the simulator answers');
  }

  /** SIGKILL: the port is closed from now on. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** The port stays open and nobody answers. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    this.thaw();
    await this.end('SIGTERM');
  }

  private async answers(): Promise<boolean> {
    return fetch(`${this.baseUrl}/models`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}
