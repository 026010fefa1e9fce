import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformWithOxc } from 'vite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSecret, readLocalToken, writeLocalToken } from './secret-files.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'secrets-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const mode = (path: string) => statSync(path).mode & 0o777;

describe('openSecret', () => {
  it('creates 32 random bytes once, for the owner only, and leaves nothing else behind', () => {
    const dataDir = join(directory, 'a', 'b');
    const secret = openSecret(dataDir, 'jwt-secret');
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect(openSecret(dataDir, 'jwt-secret')).toBe(secret);
    expect(openSecret(dataDir, 'other')).not.toBe(secret);
    expect(readdirSync(dataDir).sort()).toEqual(['jwt-secret', 'other']);
    if (process.platform !== 'win32') expect(mode(join(dataDir, 'jwt-secret'))).toBe(0o600);
  });

  it('returns what is there, without the line end', () => {
    writeFileSync(join(directory, 'jwt-secret'), 'kept by the operator\n');
    expect(openSecret(directory, 'jwt-secret')).toBe('kept by the operator');
  });

  it('refuses an empty file and names that are paths', () => {
    writeFileSync(join(directory, 'empty'), '');
    expect(() => openSecret(directory, 'empty')).toThrow('empty');
    expect(() => openSecret(directory, '../up')).toThrow('plain file name');
  });

  it('gives racing processes the same secret', async () => {
    const source = fileURLToPath(new URL('./secret-files.ts', import.meta.url));
    const { code } = await transformWithOxc(readFileSync(source, 'utf8'), source);
    const script = join(directory, 'race.mjs');
    writeFileSync(
      script,
      `${code}\nwhile (Date.now() < Number(process.argv[3])) {}\nprocess.stdout.write(openSecret(process.argv[2], 'raced'));`,
    );
    const start = String(Date.now() + 700);
    const secrets = await Promise.all(
      Array.from({ length: 6 }, () => run(script, join(directory, 'data'), start)),
    );
    expect(secrets[0]).toHaveLength(43);
    expect(new Set(secrets).size).toBe(1);
  });
});

describe('local token', () => {
  it('is replaced whole and found in the first directory that has one', () => {
    const [first, second] = [join(directory, 'first'), join(directory, 'second')];
    expect(readLocalToken([first, second])).toBeUndefined();
    writeLocalToken(second, 'old');
    writeLocalToken(second, 'new');
    expect(readLocalToken([first, second])).toBe('new');
    writeLocalToken(first, 'mine');
    expect(readLocalToken([first, second])).toBe('mine');
    expect(readdirSync(second)).toEqual(['token']);
    if (process.platform !== 'win32') expect(mode(join(second, 'token'))).toBe(0o600);
  });
});

function run(...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(output) : reject(new Error(`exit code ${code}`))));
  });
}
