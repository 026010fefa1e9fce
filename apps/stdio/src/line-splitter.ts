const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export interface LineHandlers {
  /** One line without its end; empty lines are skipped. */
  readonly onLine: (line: string) => void;
  /** A line was over the limit and is lost; called once, when its end has come. */
  readonly onTooLong: () => void;
}

/** Cuts a byte stream into lines. Bytes are decoded per line, so no character is ever cut in two. */
export class LineSplitter {
  private parts: Buffer[] = [];
  private bytes = 0;
  private skipping = false;

  constructor(
    private readonly maxBytes: number,
    private readonly handlers: LineHandlers,
  ) {}

  push(chunk: Buffer): void {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      if (end < 0) break;
      this.keep(chunk.subarray(start, end));
      this.endLine();
      start = end + 1;
    }
    this.keep(chunk.subarray(start));
  }

  /** The stream ended; a last line without an end counts too. */
  end(): void {
    this.endLine();
  }

  private keep(part: Buffer): void {
    if (this.skipping || part.length === 0) return;
    this.bytes += part.length;
    if (this.bytes > this.maxBytes) {
      this.skipping = true;
      this.parts = [];
    } else {
      this.parts.push(part);
    }
  }

  private endLine(): void {
    const { parts, skipping } = this;
    this.parts = [];
    this.bytes = 0;
    this.skipping = false;
    if (skipping) {
      this.handlers.onTooLong();
      return;
    }
    const line = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
    const length = line.at(-1) === CARRIAGE_RETURN ? line.length - 1 : line.length;
    if (length > 0) this.handlers.onLine(line.toString('utf8', 0, length));
  }
}
