import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readEnvironment } from './environment.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'environment-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

describe('readEnvironment', () => {
  it('fills up from .env, the process wins, and the process environment stays as it was', () => {
    writeFileSync(join(directory, '.env'), 'EXAI_SPEC_A=file # note\nEXAI_SPEC_B="two words"\n');
    vi.stubEnv('EXAI_SPEC_A', 'process');
    const env = readEnvironment(directory);
    expect(env['EXAI_SPEC_A']).toBe('process');
    expect(env['EXAI_SPEC_B']).toBe('two words');
    expect(process.env['EXAI_SPEC_B']).toBeUndefined();
  });

  it('does without a .env file and returns a copy', () => {
    const env = readEnvironment(directory);
    expect(env).toEqual(process.env);
    expect(env).not.toBe(process.env);
  });
});
