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

/** A vendor's file store. One request per method; rejects with `ExaiError`. */
export interface ProviderFiles {
  /** Bytes of one file at most. */
  readonly maxBytes: number;
  /** The same file may be used by several chats, so that it need not be uploaded twice. */
  readonly persistent: boolean;
  upload(file: FileUpload, signal: AbortSignal): Promise<RemoteFile>;
  get(id: string, signal: AbortSignal): Promise<RemoteFile>;
  content(id: string, signal: AbortSignal): Promise<string>;
  list(signal: AbortSignal): Promise<readonly RemoteFile[]>;
  /** Succeeds also when the file is already gone. */
  delete(id: string, signal: AbortSignal): Promise<void>;
}
