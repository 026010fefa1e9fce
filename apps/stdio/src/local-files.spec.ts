import { loadConfig, PRODUCT, writeLocalToken } from '#libs/config';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gatewayAddress } from './gateway-address.js';
import { dataDirCandidates, homeDataDir, readToken } from './local-files.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'local-files-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('the data directory', () => {
  it('is EXAI_DATA_DIR alone when that is set', () => {
    expect(dataDirCandidates({ EXAI_DATA_DIR: 'data' }, directory)).toEqual([join(directory, 'data')]);
    expect(homeDataDir({ EXAI_DATA_DIR: 'data' }, directory)).toBe(join(directory, 'data'));
  });

  it('is looked for in the start directory, then in the package', () => {
    const inPackage = join(PRODUCT.root, '.exai');
    expect(dataDirCandidates({}, directory)).toEqual([join(directory, '.exai'), inPackage]);
    expect(homeDataDir({}, directory)).toBe(inPackage);
    mkdirSync(join(directory, '.exai'));
    expect(homeDataDir({}, directory)).toBe(join(directory, '.exai'));
  });
});

describe('readToken', () => {
  const tokenOf = (extra: Record<string, string>, url?: string, tokenFile?: string) => {
    const environment = { HOME: '/nowhere', EXAI_DATA_DIR: directory, ...extra };
    const config = loadConfig(environment, { serving: false });
    return readToken({ environment, config, address: gatewayAddress(config, url), tokenFile });
  };

  it('takes the flag before the environment before the local file', () => {
    writeLocalToken(directory, 'local');
    const file = join(directory, 'given');
    writeFileSync(file, 'given\n');
    expect(tokenOf({})).toBe('local');
    expect(tokenOf({ EXAI_TOKEN: 'set' })).toBe('set');
    expect(tokenOf({ EXAI_TOKEN: 'set' }, undefined, file)).toBe('given');
  });

  it('never sends the local token to another computer', () => {
    writeLocalToken(directory, 'local');
    expect(tokenOf({}, 'http://localhost:9000')).toBe('local');
    expect(tokenOf({}, 'https://exai.example.com')).toBeUndefined();
    expect(tokenOf({ EXAI_TOKEN: 'set' }, 'https://exai.example.com')).toBe('set');
  });

  it('has none when there is no file', () => {
    expect(tokenOf({})).toBeUndefined();
  });
});
