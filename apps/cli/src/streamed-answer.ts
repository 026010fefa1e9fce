/** An answer that is printed piece by piece. Pieces may get lost on the way; the end puts that right. */
export class StreamedAnswer {
  private printed = '';

  constructor(private readonly write: (text: string) => void) {}

  get hasBegun(): boolean {
    return this.printed !== '';
  }

  push(piece: string): void {
    this.printed += piece;
    this.write(piece);
  }

  /** Prints what is missing of the whole text; the whole when what stands there is not its beginning. */
  finish(content: string): void {
    const { printed } = this;
    if (content.startsWith(printed)) this.push(content.slice(printed.length));
    // The end of a stream may carry white space that the answer does not.
    else if (printed.trim() !== content.trim()) this.push(`${printed.endsWith('\n') ? '' : '\n'}${content}`);
    this.endLine();
  }

  endLine(): void {
    if (this.printed !== '' && !this.printed.endsWith('\n')) this.push('\n');
  }
}
