import { type Readable } from 'node:stream';

/** What becomes of output over the limit: the rest is dropped, the beginning is dropped, or the program is stopped. */
export interface OutputLimit {
  readonly maxBytes: number;
  readonly over: 'cut' | 'keep end' | 'stop';
}

/** What a program writes to one of its outputs, never more of it than allowed. The output is always read to its end. */
export class LimitedOutput {
  truncated = false;
  /** Everything that came, the dropped part included. */
  received = 0;
  private readonly chunks: Buffer[] = [];
  private held = 0;

  constructor(
    private readonly stream: Readable,
    private readonly limit: OutputLimit,
    private readonly onTooMuch: () => void,
  ) {
    stream.on('data', (chunk: Buffer) => this.take(chunk));
    // A pipe that breaks has ended; how the program ended tells the rest.
    stream.on('error', () => undefined);
  }

  /** Bytes that are not UTF-8 become U+FFFD; a character that the limit cut through is left out. */
  text(): string {
    const all = Buffer.concat(this.chunks);
    const fromEnd = this.limit.over === 'keep end';
    const kept = fromEnd ? all.subarray(Math.max(0, all.length - this.limit.maxBytes)) : all;
    const whole = fromEnd && this.truncated ? kept.subarray(firstCharacter(kept)) : kept;
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    return decoder.decode(whole, { stream: this.truncated && !fromEnd });
  }

  close(): void {
    this.stream.destroy();
  }

  private take(chunk: Buffer): void {
    this.received += chunk.length;
    const { maxBytes, over } = this.limit;
    if (over === 'keep end') return this.takeLast(chunk, maxBytes);
    const room = maxBytes - this.held;
    if (room > 0) this.chunks.push(chunk.subarray(0, room));
    this.held += Math.min(room, chunk.length);
    if (chunk.length <= room) return;
    this.truncated = true;
    if (over === 'stop') this.onTooMuch();
  }

  private takeLast(chunk: Buffer, maxBytes: number): void {
    this.chunks.push(chunk);
    this.held += chunk.length;
    this.truncated ||= this.held > maxBytes;
    for (let [first] = this.chunks; first && this.held - first.length >= maxBytes; [first] = this.chunks) {
      this.held -= first.length;
      this.chunks.shift();
    }
  }
}

/** UTF-8 continues a character with bytes 10xxxxxx, at most three of them. */
function firstCharacter(bytes: Buffer): number {
  let index = 0;
  while (index < 3 && ((bytes[index] ?? 0) & 0xc0) === 0x80) index += 1;
  return index;
}
