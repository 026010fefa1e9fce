import { describe, expect, it } from 'vitest';
import { largestDownload, refuseRunnable, safeName, withSuffix } from './file-names.js';

describe('a safe name', () => {
  it.each([
    ['report.pdf', 'report.pdf'],
    ['../../etc/passwd', '_.._etc_passwd'],
    ['..\\..\\boot.ini', '_.._boot.ini'],
    ['/etc/passwd', '_etc_passwd'],
    ['.bashrc', 'bashrc'],
    ['...', 'file'],
    ['', 'file'],
    [' . ', 'file'],
    ['a\0b\n\u202ec.txt', 'abc.txt'],
    ['C:stream.txt', 'C_stream.txt'],
    ['trailing. ', 'trailing'],
    ['Gru\u0308ße.md', 'Grüße.md'],
    ['\ud800.txt', 'txt'],
  ])('%j becomes %j', (name, safe) => {
    expect(safeName(name)).toBe(safe);
  });

  it('fits into 255 bytes with room for a number, keeps its extension and cuts no character', () => {
    for (const name of [`${'x'.repeat(300)}.json`, `${'ü'.repeat(300)}.json`, `${'🙂'.repeat(100)}.json`]) {
      const safe = safeName(name);
      expect(Buffer.byteLength(withSuffix(safe, '-999'))).toBeLessThanOrEqual(255);
      expect(safe).toMatch(/^(x+|ü+|🙂+)\.json$/u);
    }
    expect(Buffer.byteLength(safeName(`a.${'x'.repeat(300)}`))).toBeLessThanOrEqual(255);
  });
});

describe('a program', () => {
  const start = (...bytes: number[]) => Uint8Array.from(bytes);

  it.each(['a.exe', 'A.EXE', 'a.sh', 'a.ps1', 'a.txt.bat', 'lib.so', 'a.desktop'])(
    'is known by %s',
    (name) => {
      expect(() => refuseRunnable(name)).toThrowError(
        expect.objectContaining({ code: 'FILE_BINARY' }) as Error,
      );
    },
  );

  it.each([
    ['ELF', start(0x7f, 0x45, 0x4c, 0x46)],
    ['MZ', start(0x4d, 0x5a, 0x90, 0x00)],
    ['Mach-O', start(0xcf, 0xfa, 0xed, 0xfe)],
    ['a script', start(0x23, 0x21, 0x2f, 0x62)],
  ])('is known by the first bytes of %s', (_kind, bytes) => {
    expect(() => refuseRunnable('notes.txt', bytes)).toThrowError(
      expect.objectContaining({ code: 'FILE_BINARY' }) as Error,
    );
  });

  it.each([
    ['notes.md', start(0x23, 0x20, 0x41, 0x42)],
    ['a.pdf', start(0x25, 0x50, 0x44, 0x46)],
    ['empty', start()],
    ['shell.txt', start(0x4d)],
  ])('is not %s', (name, bytes) => {
    expect(() => refuseRunnable(name, bytes)).not.toThrow();
  });
});

it.each([
  ['a.pdf', 50_000_000],
  ['a.PNG', 10_000_000],
  ['a.txt', 5_000_000],
  ['a.json', 5_000_000],
  ['a.docx', 100_000_000],
  ['a', 100_000_000],
])('a download of %s may have %i bytes', (name, bytes) => {
  expect(largestDownload(name)).toBe(bytes);
});
