/**
 * Reads the data of server-sent events from text that comes in pieces of any size. Lines may end with LF or CRLF; other
 * fields and comments are passed over. Only the new piece is searched, so a very long line costs no more than its length.
 */
export class SseParser {
  /** Pieces of the line that has not ended yet. */
  private line: string[] = [];
  private data: string[] = [];

  /** The data of each event that the piece completes. */
  push(piece: string): string[] {
    const events: string[] = [];
    let start = 0;
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', start)) {
      this.line.push(piece.slice(start, end));
      this.endLine(events);
      start = end + 1;
    }
    if (start < piece.length) this.line.push(piece.slice(start));
    return events;
  }

  /** The event that the end of the text cut off, as some vendors leave out the blank line after the last one. */
  end(): string[] {
    const events: string[] = [];
    this.endLine(events);
    if (this.data.length > 0) events.push(this.data.join('\n'));
    this.data = [];
    return events;
  }

  private endLine(events: string[]): void {
    const text = this.line.length === 1 ? (this.line[0] ?? '') : this.line.join('');
    this.line = [];
    const line = text.endsWith('\r') ? text.slice(0, -1) : text;
    if (line.startsWith('data:')) {
      this.data.push(line.slice(line[5] === ' ' ? 6 : 5));
    } else if (line === '' && this.data.length > 0) {
      events.push(this.data.join('\n'));
      this.data = [];
    }
  }
}
