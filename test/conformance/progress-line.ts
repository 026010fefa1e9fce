/** What is being done, on a terminal as one line that changes. */
export class ProgressLine {
  private readonly live = process.stderr.isTTY === true;

  show(text: string): void {
    if (this.live) process.stderr.write(`\r\u001b[K${text}`);
  }

  /** Leaves a line behind. */
  say(text: string): void {
    process.stderr.write(this.live ? `\r\u001b[K${text}\n` : `${text}\n`);
  }
}
