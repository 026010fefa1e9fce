import { extname } from 'node:path';
import { ExaiError } from '#libs/errors';

const MAX_NAME_BYTES = 255;
/** Room for a number that tells two files of one name apart. */
const SUFFIX_BYTES = 16;
const MEGABYTE = 1_000_000;

/** What computers run when it is opened, or what opens programs. */
const RUNNABLE = new Set(
  (
    '.exe .dll .com .scr .msi .msp .bat .cmd .ps1 .psm1 .vbs .vbe .wsf .wsh .hta .cpl .lnk .reg .pif .jse ' +
    '.sh .bash .zsh .fish .csh .ksh .command .app .dmg .pkg .deb .rpm .apk .jar .run .bin .elf .so .dylib .o ' +
    '.appimage .desktop .workflow .scpt'
  ).split(' '),
);

/** First bytes of programs: ELF, DOS and Windows, Mach-O in both orders and widths, Java or fat Mach-O, scripts. */
const PROGRAM_STARTS: readonly (readonly number[])[] = [
  [0x7f, 0x45, 0x4c, 0x46],
  [0x4d, 0x5a],
  [0xfe, 0xed, 0xfa, 0xce],
  [0xfe, 0xed, 0xfa, 0xcf],
  [0xce, 0xfa, 0xed, 0xfe],
  [0xcf, 0xfa, 0xed, 0xfe],
  [0xca, 0xfe, 0xba, 0xbe],
  [0x23, 0x21],
];
export const START_BYTES = 4;

const IMAGES = new Set('.png .jpg .jpeg .gif .webp .bmp .tif .tiff .svg'.split(' '));
const TEXTS = new Set('.txt .md .json .jsonl .csv .tsv .log .xml .yaml .yml .html .htm'.split(' '));

/** A name that is one segment, visible and no longer than file systems take. */
export function safeName(name: string): string {
  const visible = name
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Surrogate}\u2028\u2029]/gu, '')
    .replace(/[/\\:*?"<>|]/g, '_')
    .replace(/^[.\s]+/, '')
    .replace(/[.\s]+$/, '');
  return shortened(visible || 'file');
}

/** The name with text before its extension. */
export function withSuffix(name: string, suffix: string): string {
  const extension = extname(name);
  return `${name.slice(0, name.length - extension.length)}${suffix}${extension}`;
}

/** @throws ExaiError FILE_BINARY for what a computer would run. */
export function refuseRunnable(name: string, start?: Uint8Array): void {
  const byName = RUNNABLE.has(extname(name).toLowerCase());
  const byContent = start !== undefined && PROGRAM_STARTS.some((bytes) => beginsWith(start, bytes));
  if (!byName && !byContent) return;
  throw new ExaiError('FILE_BINARY', {
    reason: 'programs and scripts are not downloaded',
    suggestions: ['documents', 'images', 'text'],
  });
}

/** Bytes that a download of this name may have. */
export function largestDownload(name: string): number {
  const extension = extname(name).toLowerCase();
  if (extension === '.pdf') return 50 * MEGABYTE;
  if (IMAGES.has(extension)) return 10 * MEGABYTE;
  return TEXTS.has(extension) ? 5 * MEGABYTE : 100 * MEGABYTE;
}

function beginsWith(start: Uint8Array, bytes: readonly number[]): boolean {
  return bytes.every((byte, index) => start[index] === byte);
}

/** Keeps the extension; never cuts a character in two. */
function shortened(name: string): string {
  const most = MAX_NAME_BYTES - SUFFIX_BYTES;
  if (Buffer.byteLength(name) <= most) return name;
  const extension = extname(name);
  const kept = Buffer.byteLength(extension) <= 32 ? extension : '';
  let stem = '';
  for (const character of name.slice(0, name.length - kept.length)) {
    if (Buffer.byteLength(stem + character + kept) > most) break;
    stem += character;
  }
  return stem + kept;
}
