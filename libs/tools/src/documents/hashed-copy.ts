import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

const PIECE_BYTES = 1_048_576;
// Follows no link and waits for no pipe. Windows knows neither flag.
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

export interface HashedFile {
  /** In hexadecimal. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Reads a file through; undefined when there is no regular file of this name. */
export async function hashOf(path: string): Promise<HashedFile | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, READ_FLAGS);
  } catch {
    return undefined;
  }
  try {
    return (await handle.stat()).isFile() ? await readThrough(handle) : undefined;
  } finally {
    await handle.close();
  }
}

/** Copies into an open file, which is on the disk afterwards. */
export async function copyInto(path: string, target: FileHandle): Promise<HashedFile> {
  const source = await open(path, READ_FLAGS);
  try {
    const copied = await readThrough(source, (piece) => writeWhole(target, piece));
    await target.sync();
    return copied;
  } finally {
    await source.close();
  }
}

/** Writes all of it: one call may write less. */
export async function writeWhole(target: FileHandle, piece: Uint8Array): Promise<void> {
  let written = 0;
  while (written < piece.byteLength) {
    written += (await target.write(piece, written, piece.byteLength - written)).bytesWritten;
  }
}

async function readThrough(
  handle: FileHandle,
  take: (piece: Uint8Array) => Promise<void> = () => Promise.resolve(),
): Promise<HashedFile> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(PIECE_BYTES);
  let sizeBytes = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, sizeBytes);
    if (bytesRead === 0) return { sha256: hash.digest('hex'), sizeBytes };
    const piece = buffer.subarray(0, bytesRead);
    hash.update(piece);
    await take(piece);
    sizeBytes += bytesRead;
  }
}
