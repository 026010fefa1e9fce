import { IMAGE_TYPES, type ImageType } from './image-type.js';

const MAX_HEADER = 64;
const HEADER = /^data:([a-z0-9.+-]+\/[a-z0-9.+-]+);base64$/i;

export interface DataUrl {
  /** As declared. */
  readonly mediaType: ImageType;
  readonly bytes: Buffer;
}

export function isDataUrl(source: string): boolean {
  return /^data:/i.test(source);
}

/** An image in a `data:` URL, or what belongs there instead of it. */
export function parseDataUrl(source: string): DataUrl | { readonly expected: string } {
  const comma = source.indexOf(',');
  const declared = HEADER.exec(source.slice(0, Math.min(comma, MAX_HEADER)))?.[1]?.toLowerCase();
  if (declared === undefined) return { expected: 'data:image/<type>;base64,<data>' };
  const mediaType = IMAGE_TYPES.find((type) => type === (declared === 'image/jpg' ? 'image/jpeg' : declared));
  if (mediaType === undefined) return { expected: `a data: URL of ${IMAGE_TYPES.join(', ')}` };
  const text = source.slice(comma + 1);
  const bytes = Buffer.from(text, 'base64');
  // Node reads over what is no base64; only what comes out the same was.
  if (bytes.length === 0 || bytes.toString('base64') !== text) {
    return { expected: 'standard base64 with padding and without line breaks' };
  }
  return { mediaType, bytes };
}
