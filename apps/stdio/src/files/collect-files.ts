import { ExaiError } from '#libs/errors';
import {
  type FileReader,
  imageTypeOf,
  MAX_CLIENT_SKIPPED,
  MAX_FILES,
  MAX_TOTAL_BYTES,
  type PathArgument,
} from '#libs/file-access';
import { Parcel } from './parcel.js';
import { type NamedPath } from './thread-paths.js';

const IMAGE_KINDS = 'png, jpeg, gif, webp, bmp, tiff';

export interface Wanted {
  readonly named: readonly PathArgument[];
  /** What the thread named before, newest first. */
  readonly earlier: readonly NamedPath[];
  readonly moment: Moment;
}

/**
 * What a call needs: `ask` shows a model what is named; `step` only notes it; `end` shows a model what the steps
 * have named, as far as it is still there.
 */
export type Moment = 'ask' | 'step' | 'end';

/**
 * Reads what a call needs, as the gateway would.
 * @param bytes room for all of it, as JSON
 * @throws ExaiError INVALID_ARGUMENT, FILE_DENIED, FILE_NOT_FOUND, FILE_TOO_LARGE, FILE_BINARY for what is named now.
 */
export async function collectFiles(
  wanted: Wanted,
  reader: FileReader,
  bytes: number,
  signal: AbortSignal,
): Promise<Parcel> {
  const parcel = new Parcel({
    bytes,
    texts: MAX_FILES,
    textBytes: MAX_TOTAL_BYTES,
    skipped: MAX_CLIENT_SKIPPED,
  });
  const { named, earlier, moment } = wanted;
  for (const argument of named) {
    const { name, use, paths } = argument;
    // An image is looked at as soon as it is named, to be known as one.
    if (use === 'image') await addImages(argument);
    else if (moment === 'ask' && use !== 'named' && use !== 'existing') await addTexts(argument);
    else await reader.check(paths, name, { exists: use !== 'named', signal });
  }
  if (moment === 'step') return parcel;
  // Of what was named last the most is shown when room is short.
  const texts = [
    ...named
      .flatMap(({ use, paths }) => (use === 'text' || use === 'text at the end' ? paths : []))
      .reverse(),
    ...earlier.filter(({ isImage }) => !isImage).map(({ path }) => path),
  ];
  await addReadable(texts.filter((path) => !parcel.has(path)));
  if (moment === 'end') for (const { path, isImage } of earlier) if (isImage) await addImageIfReadable(path);
  return parcel;

  async function addTexts({ name, paths }: PathArgument): Promise<void> {
    const { files, skipped } = await reader.read(paths, signal, name);
    for (const file of files) if (!parcel.add(file)) throw tooMuch(name);
    for (const file of skipped) parcel.skip(file);
    for (const path of paths) addDirectory(path);
  }

  async function addReadable(paths: readonly string[]): Promise<void> {
    const { files, skipped } = await reader.readAgain(paths, signal);
    const noRoom = files
      .filter((file) => !parcel.add(file))
      .map(({ path }) => ({ path, reason: 'no room left in the message' }));
    const leftOut = [...noRoom, ...skipped];
    for (const file of leftOut) parcel.skip(file);
    const missing = new Set(leftOut.map(({ path }) => path));
    for (const path of paths) if (!missing.has(path)) addDirectory(path);
  }

  /** What is no text by its own name is a directory, or another name of a text that is there. */
  function addDirectory(path: string): void {
    parcel.add({ path, directory: true });
  }

  async function addImages({ name, paths }: PathArgument): Promise<void> {
    for (const [index, path] of paths.entries()) await addImage(path, `/${name}/${index}`);
  }

  async function addImage(path: string, pointer: string): Promise<void> {
    const data = await reader.readImage(path, pointer, signal);
    const mediaType = imageTypeOf(data);
    if (mediaType === undefined) {
      throw new ExaiError('FILE_BINARY', { field: pointer, suggestions: [IMAGE_KINDS] });
    }
    const image = { mediaType, data: Buffer.from(data).toString('base64') };
    if (!parcel.add({ path, image })) throw tooMuch(pointer);
  }

  async function addImageIfReadable(path: string): Promise<void> {
    try {
      await addImage(path, '/images');
    } catch (error) {
      if (!(error instanceof ExaiError)) throw error;
      parcel.skip({ path, reason: error.code === 'FILE_TOO_LARGE' ? 'no room left in the message' : 'gone' });
    }
  }

  function tooMuch(field: string): ExaiError {
    const limit = `${Math.floor(bytes / 1_024)} KiB per message, ${MAX_FILES} files and 8 MiB of text`;
    return new ExaiError('FILE_TOO_LARGE', { field, limit });
  }
}
