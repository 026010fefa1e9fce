import { realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize, relative, sep } from 'node:path';

const MAX_PATH_BYTES = 4_096;
const MAX_SEGMENT_BYTES = 255;
// Control, zero-width and bidi characters; U+2028 and U+2029 break lines.
const INVISIBLE = /[\p{Cc}\p{Cf}\u2028\u2029]/u;

/** Directories of the operating system that show processes and devices as files. */
const VIRTUAL = ['/proc', '/sys', '/dev'];

const DENIED_NAMES: readonly RegExp[] = [
  /^\.env/,
  /^\.(?:git|ssh|aws|gnupg|kube)$/,
  /^\.(?:npmrc|netrc|pgpass)$/,
  // SSH keys carry no extension; source files such as id_map.ts do.
  /^id_[^.]+$/,
  /^id_(?:rsa|dsa|ecdsa|ed25519)/,
  /\.(?:pem|key|p12|pfx|kdbx|jks)$/,
  /credentials/,
  /secret.*\.(?:json|ya?ml|txt)$/,
];

/** Not worth reading when a directory is asked for: version control, dependencies, build output, caches, editors. */
const SKIPPED_DIRECTORIES = new Set(
  (
    '.git .hg .svn node_modules bower_components vendor dist build out target coverage .next .nuxt .svelte-kit ' +
    '.turbo .cache .parcel-cache .nyc_output __pycache__ .pytest_cache .mypy_cache .ruff_cache .tox .venv venv ' +
    '.eggs .gradle .terraform .idea .vscode .vs .DS_Store'
  ).split(' '),
);

/** What is wrong with a path as text; undefined = nothing. Nothing in it is ever expanded or decoded. */
export function pathFault(path: string): string | undefined {
  if (path === '' || INVISIBLE.test(path)) return 'a path without control or invisible characters';
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return `a path of at most ${MAX_PATH_BYTES} bytes`;
  if (!isAbsolute(path)) return 'an absolute path; "~", variables and URLs are not expanded';
  const windows = process.platform === 'win32';
  if (windows && !/^[a-z]:[\\/]/i.test(path)) return 'a path that begins with a drive';
  const segments = path.split(windows ? /[\\/]/ : '/');
  if (segments.some((segment) => Buffer.byteLength(segment) > MAX_SEGMENT_BYTES)) {
    return `names of at most ${MAX_SEGMENT_BYTES} bytes`;
  }
  // On Windows a colon after the drive opens an alternate stream.
  if (windows && path.slice(2).includes(':')) return 'a path without alternate streams';
  return undefined;
}

export interface Located {
  /** Canonical; for a path that does not exist, its nearest existing parent's plus the rest. */
  readonly realPath: string;
  readonly exists: boolean;
}

/** Follows every link on the way, as far as the path exists. */
export async function locate(path: string): Promise<Located> {
  let existing = normalize(path);
  const rest: string[] = [];
  for (;;) {
    try {
      return { realPath: join(await realpath(existing), ...rest), exists: rest.length === 0 };
    } catch (error) {
      if (!isMissing(error) || dirname(existing) === existing) throw error;
      rest.unshift(basename(existing));
      existing = dirname(existing);
    }
  }
}

export function isMissing(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Compares segment by segment: `/data-evil` is not inside `/data`. */
export function isInside(directory: string, path: string): boolean {
  const below = relative(directory, path);
  return below === '' || (!isAbsolute(below) && below !== '..' && !below.startsWith(`..${sep}`));
}

export function isVirtual(path: string): boolean {
  return VIRTUAL.some((directory) => isInside(directory, path));
}

/** Secrets by name. Looks at every segment below the root, so that a denied directory covers what is in it. */
export function isDeniedByName(root: string, path: string): boolean {
  const segments = relative(root, path).toLowerCase().split(sep);
  if (segments.some((segment) => DENIED_NAMES.some((denied) => denied.test(segment)))) return true;
  return segments.at(-2) === '.docker' && segments.at(-1) === 'config.json';
}

export function isSkippedDirectory(name: string): boolean {
  return SKIPPED_DIRECTORIES.has(name) || name.endsWith('.egg-info');
}
