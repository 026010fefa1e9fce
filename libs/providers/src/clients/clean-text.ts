/** PostgreSQL keeps neither of them in text or JSON: NUL, and half of a pair of code units. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;
const NUL = /\0/g;
const LONE = /\p{Surrogate}/gu;
const REPLACEMENT = '\uFFFD';

/** Makes text storable, in pieces as it comes: without NUL, and a pair cut in two between pieces made whole again. */
export class TextCleaner {
  /** First half of a pair that the next piece may complete; an answer that ends with one loses it. */
  private held = '';

  add(piece: string): string {
    const text = this.held + piece;
    this.held = '';
    if (!UNSTORABLE.test(text)) return text;
    const kept = text.replace(NUL, '');
    const last = kept.charCodeAt(kept.length - 1);
    this.held = last >= 0xd800 && last <= 0xdbff ? kept.slice(-1) : '';
    return kept.slice(0, kept.length - this.held.length).replace(LONE, REPLACEMENT);
  }
}

export function cleanText(text: string): string {
  return UNSTORABLE.test(text) ? text.replace(NUL, '').replace(LONE, REPLACEMENT) : text;
}
