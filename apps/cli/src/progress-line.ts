/** A short call should not flicker. */
const QUIET_MS = 500;
const REDRAW_MS = 250;
const PLAIN_EVERY_MS = 10_000;

export interface ProgressOutput {
  readonly isTty: boolean;
  readonly columns: number;
  write(text: string): void;
}

/** What the call is doing, on standard error: one line that changes on a terminal, else a line every 10 s. */
export class ProgressLine {
  private message = '';
  private shown = false;
  private readonly startedAt = Date.now();
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly output: ProgressOutput) {
    this.timer = output.isTty
      ? setInterval(() => this.draw(), REDRAW_MS)
      : setInterval(() => this.print(), PLAIN_EVERY_MS);
  }

  set(message: string): void {
    // The heartbeat repeats the elapsed time, which stands there anyway.
    this.message = message.replace(/, \d+ s$/, '');
  }

  /** Takes the line away for good. */
  stop(): void {
    clearInterval(this.timer);
    if (this.shown) this.output.write('\r\u001b[2K');
    this.shown = false;
  }

  private get seconds(): number {
    return Math.round((Date.now() - this.startedAt) / 1_000);
  }

  private draw(): void {
    if (Date.now() - this.startedAt < QUIET_MS) return;
    const text = `${this.message || 'working'}, ${this.seconds} s`;
    this.output.write(`\r\u001b[2K${text.slice(0, Math.max(10, this.output.columns - 1))}`);
    this.shown = true;
  }

  private print(): void {
    this.output.write(`${this.message || 'working'}, ${this.seconds} s\n`);
  }
}
