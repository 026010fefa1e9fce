/** The kinds of images that are accepted, by their media types. */
export const IMAGE_TYPES = [
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/bmp',
  'image/tiff',
] as const;

export type ImageType = (typeof IMAGE_TYPES)[number];

/** Bytes of one image, and of all images of one call. */
export const MAX_IMAGE_BYTES = 20 * 1_048_576;

const BMP_HEADER_SIZES = new Set([12, 40, 52, 56, 64, 108, 124]);
const BMP_HEADER_SIZE_AT = 14;

/** What the first bytes say; undefined = none of the accepted kinds. The name of a file does not count. */
export function imageTypeOf(bytes: Uint8Array): ImageType | undefined {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const has = (magic: string, at = 0): boolean => data.toString('latin1', at, at + magic.length) === magic;
  if (has('\x89PNG\r\n\x1A\n')) return 'image/png';
  if (has('\xFF\xD8\xFF')) return 'image/jpeg';
  if (has('GIF87a') || has('GIF89a')) return 'image/gif';
  if (has('RIFF') && has('WEBP', 8)) return 'image/webp';
  if (has('II*\0') || has('MM\0*')) return 'image/tiff';
  return has('BM') && isBmpHeader(data) ? 'image/bmp' : undefined;
}

/** Two letters alone begin many a text. */
function isBmpHeader(data: Buffer): boolean {
  return data.length >= BMP_HEADER_SIZE_AT + 4 && BMP_HEADER_SIZES.has(data.readUInt32LE(BMP_HEADER_SIZE_AT));
}
