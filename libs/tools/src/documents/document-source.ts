import { createHash, type Hash } from 'node:crypto';
import { type FileHandle } from 'node:fs/promises';
import { posix, win32 } from 'node:path';
import { ExaiError } from '#libs/errors';
import { type FileReader } from '#libs/file-access';
import { filesOf } from '../call-files.js';
import { type ToolCall } from '../tool.js';

const POINTER = '/file_path';
const PIECE_BYTES = 1_048_576;

export interface DocumentFacts {
  readonly sizeBytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

export interface DocumentContent {
  readonly bytes: Buffer;
  readonly sha256: string;
}

/** The one file that a call is about. Opened anew each time, as several calls may share what is made of it. */
export interface DocumentSource {
  /** Of the file alone, without its directory. */
  readonly name: string;
  /** Reads the file through without keeping it. */
  identify(signal: AbortSignal): Promise<DocumentFacts>;
  read(signal: AbortSignal): Promise<DocumentContent>;
}

/**
 * @param maxBytes of the file
 * @throws ExaiError from its methods: INVALID_ARGUMENT, FILE_DENIED, FILE_NOT_FOUND, FILE_TOO_LARGE.
 */
export function documentSource(
  call: Pick<ToolCall, 'clientFiles'>,
  path: string,
  reader: FileReader,
  maxBytes: number,
): DocumentSource {
  return call.clientFiles
    ? new SentDocument(call, path, reader, maxBytes)
    : new DocumentOnDisk(path, reader, maxBytes);
}

class DocumentOnDisk implements DocumentSource {
  readonly name: string;

  constructor(
    private readonly path: string,
    private readonly reader: FileReader,
    private readonly maxBytes: number,
  ) {
    this.name = baseName(path);
  }

  async identify(signal: AbortSignal): Promise<DocumentFacts> {
    const hash = createHash('sha256');
    const sizeBytes = await this.opened(signal, async (handle) => {
      const buffer = Buffer.allocUnsafe(PIECE_BYTES);
      let size = 0;
      for (;;) {
        signal.throwIfAborted();
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, size);
        if (bytesRead === 0) return size;
        size += bytesRead;
        checkSize(size, this.maxBytes);
        hash.update(buffer.subarray(0, bytesRead));
      }
    });
    return { sizeBytes, sha256: hash.digest('hex') };
  }

  async read(signal: AbortSignal): Promise<DocumentContent> {
    const hash = createHash('sha256');
    const bytes = await this.opened(signal, (handle) => this.readWhole(handle, hash, signal));
    return { bytes, sha256: hash.digest('hex') };
  }

  private async readWhole(handle: FileHandle, hash: Hash, signal: AbortSignal): Promise<Buffer> {
    const { size } = await handle.stat();
    const buffer = Buffer.allocUnsafe(Math.min(size, this.maxBytes) + 1);
    let length = 0;
    while (length < buffer.length) {
      signal.throwIfAborted();
      const wanted = Math.min(PIECE_BYTES, buffer.length - length);
      const { bytesRead } = await handle.read(buffer, length, wanted, length);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(length, length + bytesRead));
      length += bytesRead;
    }
    checkSize(length, Math.min(size, this.maxBytes));
    return buffer.subarray(0, length);
  }

  private async opened<T>(signal: AbortSignal, use: (handle: FileHandle) => Promise<T>): Promise<T> {
    const handle = await this.reader.open(this.path, POINTER, signal);
    try {
      const { size } = await handle.stat();
      checkSize(size, this.maxBytes);
      if (size === 0) throw notOneFile('a file that is not empty');
      return await use(handle);
    } finally {
      await handle.close();
    }
  }
}

/** The client has read the file on its own computer, as text. */
class SentDocument implements DocumentSource {
  readonly name: string;

  constructor(
    private readonly call: Pick<ToolCall, 'clientFiles'>,
    private readonly path: string,
    private readonly reader: FileReader,
    private readonly maxBytes: number,
  ) {
    this.name = baseName(path);
  }

  async identify(signal: AbortSignal): Promise<DocumentFacts> {
    const { bytes, sha256 } = await this.read(signal);
    return { sizeBytes: bytes.byteLength, sha256 };
  }

  async read(signal: AbortSignal): Promise<DocumentContent> {
    const { files } = await filesOf(this.call, this.reader).read([this.path], signal, 'file_path');
    const [file, ...others] = files;
    if (!file || others.length > 0) throw notOneFile('one file, not a directory');
    const bytes = Buffer.from(file.content);
    if (bytes.byteLength === 0) throw notOneFile('a file that is not empty');
    checkSize(bytes.byteLength, this.maxBytes);
    return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
  }
}

function checkSize(bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  throw new ExaiError('FILE_TOO_LARGE', { field: POINTER, limit: `${megabytes(maxBytes)} for one file` });
}

function megabytes(bytes: number): string {
  return bytes % 1_048_576 === 0 ? `${bytes / 1_048_576} MiB` : `${Math.floor(bytes / 10_000) / 100} MB`;
}

function notOneFile(expected: string): ExaiError {
  return new ExaiError('INVALID_ARGUMENT', { issues: [{ pointer: POINTER, expected }] });
}

function baseName(path: string): string {
  return path.startsWith('/') ? posix.basename(path) : win32.basename(path);
}
