import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createRedactor } from '#libs/observability';
import { loadConfig } from '#libs/config';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { temporaryDirectory } from '../../../../test/harness/paths.js';
import { TOOLS } from '../definitions/index.js';
import { ToolCatalog } from '../tool-catalog.js';
import { AgentClis } from './agent-clis.js';

const directory = temporaryDirectory();
const file = join(directory, 'clink.json');

afterAll(() => rmSync(directory, { recursive: true }));

function load(content: object | string): AgentClis {
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return AgentClis.load(file);
}

function refusal(content: object | string): string {
  try {
    load(content);
  } catch (error) {
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', details: { variable: 'EXAI_CLINK_FILE' } });
    return (error as { details: { reason: string } }).details.reason;
  }
  throw new Error('The file was accepted.');
}

const node = { name: 'node', command: process.execPath };

describe('the file of agent programs', () => {
  it('needs no more than a name and a command', () => {
    const cli = load({ clis: [node] }).find('node');
    expect(cli).toMatchObject({ program: process.execPath, args: [], env: {}, timeoutMs: 1_800_000 });
    expect([...(cli?.roles.keys() ?? [])]).toEqual(['default', 'planner', 'codereviewer']);
    expect(cli?.roles.get('default')).toEqual({ prompt: '', args: [] });
  });

  it('finds a plain name in PATH, and keeps where it was', () => {
    vi.stubEnv('PATH', dirname(process.execPath));
    const cli = load({ clis: [{ name: 'node', command: basename(process.execPath) }] }).find('node');
    vi.unstubAllEnvs();
    expect(cli?.program).toBe(process.execPath);
  });

  it('reads the prompts of roles beside itself, at the start', () => {
    mkdirSync(join(directory, 'prompts'), { recursive: true });
    const prompt = join(directory, 'prompts/judge.txt');
    writeFileSync(prompt, 'You judge.\n');
    const roles = {
      judge: { prompt_path: 'prompts/judge.txt', role_args: ['--read-only'] },
      planner: { role_args: ['--plan'] },
    };
    const cli = load({ clis: [{ ...node, roles, timeout_seconds: 5 }] }).find('node');
    rmSync(prompt);
    expect(cli?.roles.get('judge')).toEqual({ prompt: 'You judge.', args: ['--read-only'] });
    expect(cli?.roles.get('planner')).toEqual({ prompt: '', args: ['--plan'] });
    expect(cli?.timeoutMs).toBe(5_000);
  });

  it('has the shape of every entry checked, all faults at once', () => {
    const reason = refusal({
      clis: [
        { name: 'Upper Case', command: '' },
        { ...node, additional_args: 'x', env: { 'a b': '1' }, timeout_seconds: 1_801, shell: true },
      ],
    });
    for (const part of [
      'cli "Upper Case", field name:',
      'cli "Upper Case", field command:',
      'cli "node", field additional_args:',
      'cli "node", field env.a b:',
      'cli "node", field timeout_seconds:',
      'cli "node", field (all of it): ',
    ]) {
      expect(reason).toContain(part);
    }
    expect(refusal({ clis: [] })).toContain('field clis');
    expect(refusal({ cli: [] })).toContain('field clis');
    expect(refusal('{')).toContain('is not valid JSON');
  });

  it('has its programs and prompts looked for, all faults at once', () => {
    const reason = refusal({
      clis: [
        { name: 'gone', command: '/nowhere/gone' },
        { name: 'relative', command: './node' },
        { name: 'plain', command: 'no-such-program-anywhere' },
        { name: 'folder', command: directory },
        { ...node, roles: { judge: { prompt_path: 'missing.txt' }, other: { prompt_path: '.' } } },
        node,
      ],
    });
    for (const name of ['gone', 'relative', 'plain', 'folder']) {
      expect(reason).toContain(`cli "${name}", field command: is neither`);
    }
    expect(reason).toContain('cli "node", field roles.judge.prompt_path: cannot be read (ENOENT)');
    expect(reason).toContain('cli "node", field roles.other.prompt_path: is no file of at most 64 KiB');
    expect(reason).toContain('cli "node", field name: is used twice');
  });

  it('that cannot be read is refused', () => {
    expect(() => AgentClis.load(join(directory, 'none.json'))).toThrowError(/cannot be read \(ENOENT\)/);
  });

  it('has the values of its variables kept out of every log', () => {
    load({ clis: [{ ...node, env: { ANTHROPIC_API_KEY: 'canary-of-the-operator' } }] });
    expect(createRedactor([])('it is canary-of-the-operator')).toBe('it is [redacted]');
  });
});

describe('the tool clink', () => {
  const config = loadConfig({ TOOL_PROFILE: 'full' }, { serving: false });
  const catalogOf = (clis: AgentClis) => ToolCatalog.build([...TOOLS, ...clis.tools()], config);

  it('does not exist without a file', () => {
    const catalog = catalogOf(AgentClis.load(undefined));
    expect(catalog.find('clink')).toBeUndefined();
    expect(catalog.list().map(({ name }) => name)).not.toContain('clink');
  });

  it('names the programs and roles of the file, and may take as long as the slowest of them', () => {
    const clis = load({
      clis: [
        { ...node, name: 'claude', roles: { judge: {} }, timeout_seconds: 700 },
        { ...node, name: 'codex', timeout_seconds: 900 },
      ],
    });
    const catalog = catalogOf(clis);
    const clink = catalog.find('clink');
    expect(clink?.listed.inputSchema['properties']).toMatchObject({
      cli_name: { enum: ['claude', 'codex'] },
      role: { enum: ['default', 'planner', 'codereviewer', 'judge'] },
    });
    expect(clink?.listed.annotations.readOnlyHint).toBe(false);
    expect(clink && catalog.timeoutMs(clink)).toBe(900_000);
    expect(clink?.parse({ prompt: 'Go', cli_name: 'gemini' })).toMatchObject({
      ok: false,
      issues: [{ pointer: '/cli_name', expected: 'one of claude, codex' }],
    });
  });
});
