export interface RemoteFile {
  readonly id: string;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly createdAt: Date;
  readonly purpose?: string;
}

export interface FileUpload {
  readonly name: string;
  readonly content: Uint8Array;
  /** The vendor's word for what the file is for; default: its usual one. */
  readonly purpose?: string;
}

export type TakePiece = (piece: Uint8Array) => Promise<void>;

/** A vendor's file store. One request per method; rejects with `ExaiError`. */
export interface ProviderFiles {
  /** Bytes of one file at most. */
  readonly maxBytes: number;
  /** The same file may be used by several chats, so that it need not be uploaded twice. */
  readonly persistent: boolean;
  /** What it gives back of a file is the text it found in it, not the bytes that were uploaded. */
  readonly extractsText: boolean;
  upload(file: FileUpload, signal: AbortSignal): Promise<RemoteFile>;
  get(id: string, signal: AbortSignal): Promise<RemoteFile>;
  /** The text of a file, 16 MiB at most. */
  content(id: string, signal: AbortSignal): Promise<string>;
  /**
   * Gives what is stored to `take`, piece by piece in order; rejects with FILE_TOO_LARGE past `maxBytes`. What was
   * taken until a failure is worth nothing.
   */
  download(id: string, take: TakePiece, maxBytes: number, signal: AbortSignal): Promise<void>;
  list(signal: AbortSignal): Promise<readonly RemoteFile[]>;
  /** Succeeds also when the file is already gone. */
  delete(id: string, signal: AbortSignal): Promise<void>;
}
