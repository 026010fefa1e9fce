export interface TextFile {
  /** As the caller wrote it, or below the directory they named. */
  readonly path: string;
  /** With `\n` line ends. */
  readonly content: string;
}

export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
}

export interface ReadFiles {
  readonly files: readonly TextFile[];
  /** Found in a directory but not shown, or not readable any more since an earlier turn. */
  readonly skipped: readonly SkippedFile[];
}

/** Bytes of one file that is shown as text. */
export const MAX_FILE_BYTES = 1_048_576;
/** Files of one call. */
export const MAX_FILES = 200;
/** Bytes of all files of one call. */
export const MAX_TOTAL_BYTES = 8 * MAX_FILE_BYTES;

/** How the files of one call are read, wherever they lie. */
export interface CallFiles {
  /** On whose computer. */
  readonly readBy: 'client' | 'gateway';
  /**
   * Reads what the caller named; directories are expanded. The first path that cannot be read fails all.
   * @param field name of the argument, for errors
   * @throws ExaiError INVALID_ARGUMENT, FILE_DENIED, FILE_NOT_FOUND, FILE_TOO_LARGE, FILE_BINARY.
   */
  read(paths: readonly string[], signal: AbortSignal, field?: string): Promise<ReadFiles>;
  /**
   * Checks paths without reading what is there; nothing needs to exist unless `exists` says so.
   * @param field name of the argument, for errors
   * @throws ExaiError INVALID_ARGUMENT, FILE_DENIED, FILE_NOT_FOUND.
   */
  check(
    paths: readonly string[] | string,
    field: string,
    options: { exists: boolean; signal: AbortSignal },
  ): Promise<void>;
  /**
   * The bytes of one image; whether they are one is for the caller to see.
   * @param pointer JSON pointer of the argument, for errors
   * @throws ExaiError INVALID_ARGUMENT, FILE_DENIED, FILE_NOT_FOUND, FILE_TOO_LARGE.
   */
  readImage(path: string, pointer: string, signal: AbortSignal): Promise<Uint8Array>;
  /** Reads again what earlier turns showed; what cannot be read any more is skipped. */
  readAgain(paths: readonly string[], signal: AbortSignal): Promise<ReadFiles>;
}

/** Without a byte order mark, and with `\n` line ends. */
export function plainText(text: string): string {
  return text.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n');
}

/** Each path of an argument with its JSON pointer; an argument that is one path is named itself. */
export function named(
  paths: readonly string[] | string,
  field: string,
): readonly { readonly path: string; readonly pointer: string }[] {
  if (typeof paths === 'string') return [{ path: paths, pointer: `/${field}` }];
  return paths.map((path, index) => ({ path, pointer: `/${field}/${index}` }));
}
