/** Model text arrives in words; signals are worth their price in sentences. */
const FLUSH_MS = 50;
/** Stays below the 8,000 bytes of a NOTIFY payload even when every character takes four bytes or an escape. */
const MAX_CHARS = 1_200;

/** Collects the deltas of one call and passes them on in order, at most every 50 ms. */
export class DeltaBuffer {
  private text = '';
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly send: (text: string) => void) {}

  push(text: string): void {
    this.text += text;
    if (this.text.length >= MAX_CHARS) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    while (this.text.length > 0) {
      const piece = this.text.slice(0, cutAt(this.text));
      this.text = this.text.slice(piece.length);
      this.send(piece);
    }
  }
}

/** Never between the two halves of a surrogate pair. */
function cutAt(text: string): number {
  if (text.length <= MAX_CHARS) return text.length;
  const last = text.charCodeAt(MAX_CHARS - 1);
  return last >= 0xd800 && last <= 0xdbff ? MAX_CHARS - 1 : MAX_CHARS;
}
