/** A file of the caller at a provider. */
export interface StoredFileReport {
  readonly file_id: string;
  readonly filename: string;
  readonly size_bytes: number;
  readonly sha256: string;
  readonly uploaded_at: string;
  readonly last_used_at: string;
  readonly uses: number;
}

export interface DownloadReport {
  /** Absolute, of the gateway's computer. */
  readonly path: string;
  readonly fileId: string;
  readonly provider: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly cacheHit: boolean;
  readonly cacheSource: 'local' | 'provider';
  /** It is the text that the provider found in the file, not the file as it was. */
  readonly extracted: boolean;
}

export interface RemovalReport {
  /** With `dryRun` those that would be deleted. */
  readonly deleted: readonly StoredFileReport[];
  /** These are left to the hourly cleanup. */
  readonly failed: readonly StoredFileReport[];
}

/** `orphaned`: the vendor has lost them, or holds what nobody can use. `expired`: not used for 14 days. */
export type CleanupKind = 'all' | 'orphaned' | 'expired';

export interface CleanupOptions {
  readonly limit: number;
  readonly dryRun: boolean;
}

/** The files that the caller of one attempt has at providers; nobody else's are ever seen. */
export interface CallerDocuments {
  /**
   * @param destination absolute; default: the directory for downloads
   * @throws ExaiError FILE_NOT_FOUND, FILE_BINARY, FILE_DENIED, FILE_TOO_LARGE, FILE_CORRUPTED
   */
  download(fileId: string, destination?: string): Promise<DownloadReport>;
  /** Those used last come first. */
  list(provider: string, limit: number): Promise<readonly StoredFileReport[]>;
  /** @throws ExaiError FILE_NOT_FOUND, PROVIDER_NOT_CONFIGURED */
  delete(provider: string, fileId: string, options: Pick<CleanupOptions, 'dryRun'>): Promise<RemovalReport>;
  /** @throws ExaiError PROVIDER_NOT_CONFIGURED */
  cleanUp(provider: string, which: CleanupKind, options: CleanupOptions): Promise<RemovalReport>;
}
