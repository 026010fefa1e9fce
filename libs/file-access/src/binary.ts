const LOOK_AT_BYTES = 8_192;
const PRINTABLE_SHARE = 0.9;

/** A NUL among the first 8 KiB, or less than nine tenths of them printable UTF-8. */
export function isBinary(data: Uint8Array): boolean {
  const head = data.subarray(0, LOOK_AT_BYTES);
  if (head.includes(0)) return true;
  // `stream` keeps a character that the cut went through from counting as broken.
  const text = new TextDecoder().decode(head, { stream: data.byteLength > LOOK_AT_BYTES });
  const unprintable =
    text.match(/[\p{Cc}\uFFFD]/gu)?.filter((char) => !'\t\n\r\f\v'.includes(char)).length ?? 0;
  return text.length > 0 && unprintable > text.length * (1 - PRINTABLE_SHARE);
}
