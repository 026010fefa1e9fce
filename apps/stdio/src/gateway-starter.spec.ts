import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GatewayStarter } from './gateway-starter.js';

const { spawn } = vi.hoisted(() => ({
  spawn: vi.fn(() => ({ pid: process.pid, once: () => undefined, unref: () => undefined })),
}));
vi.mock('node:child_process', () => ({ spawn }));

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'starter-'));
  spawn.mockClear();
});
afterEach(() => rmSync(directory, { recursive: true }));

const mark = () => join(directory, 'gateway.starting');

describe('GatewayStarter', () => {
  it('starts one gateway for all who want one at the same time', () => {
    const [first, second] = [new GatewayStarter(directory), new GatewayStarter(directory)];
    first.start();
    second.start();
    expect(spawn).toHaveBeenCalledTimes(1);
    expect(readFileSync(mark(), 'utf8')).toBe(String(process.pid));
    second.end();
    expect(() => readFileSync(mark())).not.toThrow();
    first.end();
    expect(() => readFileSync(mark())).toThrow();
  });

  it('starts it for this data directory, without a shell, in a life of its own', () => {
    new GatewayStarter(directory).start();
    const [program, args, options] = spawn.mock.lastCall as unknown as [string, string[], object];
    expect(program).toBe(process.execPath);
    expect(args.slice(1)).toEqual(['start', '--exit-when-idle', '30', '--data-dir', directory]);
    expect(options).toMatchObject({ detached: true });
    expect(options).not.toHaveProperty('shell');
  });

  it('ignores the mark of a start that died or takes too long', () => {
    writeFileSync(mark(), '999999999');
    new GatewayStarter(directory).start();
    expect(spawn).toHaveBeenCalledTimes(1);
    const longAgo = Date.now() / 1_000 - 60;
    utimesSync(mark(), longAgo, longAgo);
    new GatewayStarter(directory).start();
    expect(spawn).toHaveBeenCalledTimes(2);
  });
});
