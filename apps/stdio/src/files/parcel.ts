import { type ClientFile, type ClientFiles, type SkippedFile } from '#libs/file-access';

export interface ParcelLimits {
  /** For all of it as JSON. */
  readonly bytes: number;
  readonly texts: number;
  readonly textBytes: number;
  readonly skipped: number;
}

/** For the fields around the entries. */
const FRAME_BYTES = 1_024;

/** The files that go along with one call, within the limits of a message. */
export class Parcel {
  private readonly files = new Map<string, ClientFile>();
  private readonly skipped = new Map<string, SkippedFile>();
  private texts = 0;
  private textBytes = 0;
  private bytes = FRAME_BYTES;

  constructor(private readonly limits: ParcelLimits) {}

  has(path: string): boolean {
    return this.files.has(path);
  }

  /** False when there is no room for it. A path that is there already stays as it is. */
  add(file: ClientFile): boolean {
    if (this.files.has(file.path)) return true;
    const { content } = file;
    const isText = content !== undefined;
    const texts = this.texts + (isText ? 1 : 0);
    const textBytes = this.textBytes + (isText ? Buffer.byteLength(content) : 0);
    const bytes = this.bytes + sizeOf(file);
    const { limits } = this;
    if (texts > limits.texts || textBytes > limits.textBytes || bytes > limits.bytes) return false;
    Object.assign(this, { texts, textBytes, bytes });
    this.files.set(file.path, file);
    return true;
  }

  /** Says why a file is not there. Dropped when there is no room even for that. */
  skip(file: SkippedFile): void {
    const bytes = this.bytes + sizeOf(file);
    if (this.skipped.size >= this.limits.skipped || bytes > this.limits.bytes) return;
    this.bytes = bytes;
    this.skipped.set(file.path, file);
  }

  toJSON(): ClientFiles {
    return { readBy: 'client', files: [...this.files.values()], skipped: [...this.skipped.values()] };
  }
}

function sizeOf(entry: object): number {
  return Buffer.byteLength(JSON.stringify(entry)) + 1;
}
