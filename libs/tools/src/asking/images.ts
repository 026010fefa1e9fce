import { ExaiError } from '#libs/errors';
import {
  type CallFiles,
  IMAGE_TYPES,
  imageTypeOf,
  isDataUrl,
  MAX_IMAGE_BYTES,
  parseDataUrl,
  type SkippedFile,
} from '#libs/file-access';
import { type ImagePart, type ModelCard } from '#libs/providers';
import { MAX_IMAGES } from '../fields.js';

/** What an image counts for in the window of a model; vendors differ, and say it only afterwards. */
export const TOKENS_PER_IMAGE = 1_500;

const FIELD = 'images';
const MIB = 1_048_576;
const REMOTE = /^[a-z][a-z0-9+.-]*:\/\//i;
const SKIP_REASONS: Readonly<Record<string, string>> = {
  FILE_BINARY: 'no image',
  FILE_TOO_LARGE: 'too large',
  FILE_NOT_FOUND: 'gone',
};

/** An image as it is sent to a model. */
export interface ReadImage extends ImagePart {
  /** The path, or what stands for it. */
  readonly name: string;
  /** Before encoding. */
  readonly bytes: number;
}

export interface FittingImages {
  readonly images: readonly ReadImage[];
  readonly leftOut: readonly SkippedFile[];
}

/**
 * Images as the caller named them, through the sandbox of all files. The first that cannot be taken fails all.
 * @throws ExaiError INVALID_ARGUMENT, FILE_DENIED, FILE_NOT_FOUND, FILE_TOO_LARGE, FILE_BINARY.
 */
export async function readImages(
  sources: readonly string[],
  files: Pick<CallFiles, 'readImage'>,
  signal: AbortSignal,
): Promise<ReadImage[]> {
  const images: ReadImage[] = [];
  let total = 0;
  for (const [index, { source, name }] of nameImages(sources).entries()) {
    const pointer = `/${FIELD}/${index}`;
    const image = await readImage(source, name, pointer, files, signal);
    total += image.bytes;
    if (total > MAX_IMAGE_BYTES) throw tooLarge(pointer, `${MAX_IMAGE_BYTES / MIB} MiB of images per call`);
    images.push(image);
  }
  return images;
}

/** An image as it was named in an earlier step. */
export interface NamedImage {
  readonly source: string;
  readonly name: string;
}

/** How images are spoken of: a `data:` URL has no name, and its content belongs into no text. */
export function nameImages(sources: readonly string[]): NamedImage[] {
  return sources.map((source, index) => ({ source, name: imageName(source, index + 1) }));
}

/**
 * Images of earlier steps, which were taken when they were named; what cannot be read any more, or is beyond the
 * limits of one call, is left out. The first ones come first.
 */
export async function readImagesAgain(
  images: readonly NamedImage[],
  files: Pick<CallFiles, 'readImage'>,
  signal: AbortSignal,
): Promise<FittingImages> {
  const taken: ReadImage[] = [];
  const leftOut: SkippedFile[] = [];
  let total = 0;
  for (const [index, { source, name }] of images.entries()) {
    if (taken.length >= MAX_IMAGES) {
      leftOut.push({ path: name, reason: `more than ${MAX_IMAGES} images` });
      continue;
    }
    try {
      const image = await readImage(source, name, `/${FIELD}/${index}`, files, signal);
      total += image.bytes;
      if (total > MAX_IMAGE_BYTES) leftOut.push({ path: name, reason: overLimit(MAX_IMAGE_BYTES) });
      else taken.push(image);
    } catch (error) {
      if (!(error instanceof ExaiError)) throw error;
      leftOut.push({ path: name, reason: SKIP_REASONS[error.code] ?? 'not readable' });
    }
  }
  return { images: taken, leftOut };
}

/** @throws ExaiError FILE_TOO_LARGE when one image, or all together, are more than the model takes */
export function assertTaken(images: readonly ReadImage[], card: ModelCard): void {
  const { bytes, text } = limitOf(card);
  let total = 0;
  for (const [index, image] of images.entries()) {
    total += image.bytes;
    if (total > bytes) throw tooLarge(`/${FIELD}/${index}`, `${text} of images for ${card.id}`);
  }
}

/** As many images as the model takes together, the first ones first. */
export function fitImages(images: readonly ReadImage[], card: ModelCard): FittingImages {
  const limit = limitOf(card).bytes;
  const taken: ReadImage[] = [];
  const leftOut: SkippedFile[] = [];
  let total = 0;
  for (const image of images) {
    if (total + image.bytes > limit) leftOut.push({ path: image.name, reason: overLimit(limit) });
    else {
      total += image.bytes;
      taken.push(image);
    }
  }
  return { images: taken, leftOut };
}

function imageName(source: string, number: number): string {
  return isDataUrl(source) ? `inline image ${number}` : source;
}

async function readImage(
  source: string,
  name: string,
  pointer: string,
  files: Pick<CallFiles, 'readImage'>,
  signal: AbortSignal,
): Promise<ReadImage> {
  if (isDataUrl(source)) return fromDataUrl(source, name, pointer);
  if (REMOTE.test(source)) {
    throw invalid(pointer, 'an absolute path or a data: URL; images at other addresses are not fetched');
  }
  const bytes = await files.readImage(source, pointer, signal);
  return imageOf(bytes, name, pointer);
}

function fromDataUrl(source: string, name: string, pointer: string): ReadImage {
  const parsed = parseDataUrl(source);
  if ('expected' in parsed) throw invalid(pointer, parsed.expected);
  const image = imageOf(parsed.bytes, name, pointer);
  if (image.mediaType !== parsed.mediaType) {
    throw invalid(pointer, `the data of the declared type ${parsed.mediaType}`);
  }
  return image;
}

function imageOf(bytes: Uint8Array, name: string, pointer: string): ReadImage {
  if (bytes.byteLength > MAX_IMAGE_BYTES) throw tooLarge(pointer, `${MAX_IMAGE_BYTES / MIB} MiB per image`);
  const mediaType = imageTypeOf(bytes);
  if (mediaType === undefined) {
    throw new ExaiError('FILE_BINARY', {
      field: pointer,
      reason: 'it is no image of an accepted type',
      suggestions: IMAGE_TYPES,
    });
  }
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return { type: 'image', mediaType, data, name, bytes: bytes.byteLength };
}

function limitOf({ maxImageSizeMb }: ModelCard): { readonly bytes: number; readonly text: string } {
  const bytes = Math.min(MAX_IMAGE_BYTES, Math.floor(maxImageSizeMb * MIB));
  return { bytes, text: `${bytes / MIB} MiB` };
}

function overLimit(bytes: number): string {
  return `over ${bytes / MIB} MiB of images`;
}

function tooLarge(field: string, limit: string): ExaiError {
  return new ExaiError('FILE_TOO_LARGE', { field, limit });
}

function invalid(pointer: string, expected: string): ExaiError {
  return new ExaiError('INVALID_ARGUMENT', { issues: [{ pointer, expected }] });
}
