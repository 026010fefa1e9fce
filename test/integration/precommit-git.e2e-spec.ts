import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect, type McpClient } from '../harness/clients.js';
import { temporaryDirectory } from '../harness/paths.js';
import { startStandalone, type Standalone } from '../harness/standalone.js';

type Payload = Readonly<Record<string, unknown>>;

const directory = temporaryDirectory();
const repository = join(directory, 'repository');
const plain = join(directory, 'plain');

let server: Standalone;
let client: McpClient;

const git = (...args: string[]) =>
  execFileSync(
    'git',
    ['-C', repository, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args],
    {
      stdio: 'pipe',
    },
  );

beforeAll(async () => {
  mkdirSync(repository);
  mkdirSync(plain);
  git('init', '--quiet');
  writeFileSync(join(repository, 'a.txt'), 'one\n');
  git('add', '.');
  git('commit', '--quiet', '--message=first');
  git('tag', 'v1');
  writeFileSync(join(repository, 'a.txt'), 'one\nstaged heron\n');
  writeFileSync(join(repository, '.env'), 'TOKEN=canary-of-the-operator\n');
  git('add', '--force', '.');
  writeFileSync(join(repository, 'a.txt'), 'one\nstaged heron\nloose heron\n');
  server = await startStandalone({ env: { EXAI_FILE_ROOTS: directory } });
  client = await connect('v2-default', 'websocket', server);
});

afterAll(async () => {
  await client.close();
  await server.stop();
  rmSync(directory, { recursive: true });
});

async function step(args: Payload, by = client): Promise<Payload> {
  const usual = { model: 'simulator-1', total_steps: 3, step: 'look', findings: 'seen' };
  const { structuredContent = {} } = await by.callTool('precommit', { ...usual, ...args });
  return structuredContent;
}

/** Three steps; the model answers with what it was asked. */
async function validate(
  first: Payload,
  by = client,
): Promise<{ asked: string; warnings: readonly string[] }> {
  const echo = { step: '[[sim: echo]] look' };
  const { continuation_id } = await step({ ...echo, step_number: 1, next_step_required: true, ...first }, by);
  await step({ continuation_id, step_number: 2, next_step_required: true }, by);
  const last = await step({ ...echo, continuation_id, step_number: 3, next_step_required: false }, by);
  expect(last['status'], JSON.stringify(last)).toBe('calling_expert_analysis');
  const { warnings = [] } = last['metadata'] as { warnings?: readonly string[] };
  return { asked: (last['expert_analysis'] as { raw_analysis: string }).raw_analysis, warnings };
}

it('shows the model what git says of the change, secrets left out', async () => {
  const { asked, warnings } = await validate({ path: repository });
  expect(asked).toMatch(/BEGIN FILE ([0-9a-f]{16}) git diff\n# Staged changes\n[^]*END FILE \1/);
  expect(asked).toContain('+staged heron');
  expect(asked).toContain('+loose heron');
  expect(asked).toContain('.env: tools may not read it');
  expect(asked).not.toContain('canary-of-the-operator');
  expect(warnings).toContain('git diff: 1 files left out of the staged changes');
});

it('compares as the first step asked for, though later ones do not repeat it', async () => {
  const staged = await validate({ path: repository, include_unstaged: false });
  expect(staged.asked).toContain('+staged heron');
  expect(staged.asked).not.toContain('+loose heron');
  const since = await validate({ path: repository, compare_to: 'v1' });
  expect(since.asked).toContain('# Changes since v1');
});

it('goes on without git, and says so', async () => {
  const { asked, warnings } = await validate({ path: plain });
  expect(asked).not.toContain('git diff\n#');
  expect(warnings).toEqual([expect.stringMatching(/^no git diff attached: path is no git repository/)]);
});

it('does not look into a repository for one who may not read files', async () => {
  const token = server.token({ scopes: ['tools:call'] });
  const reader = await connect('v1', 'http', server, token);
  try {
    const refused = await step({ step_number: 1, next_step_required: true, path: repository }, reader);
    expect(refused['error']).toMatchObject({ code: 'FORBIDDEN', details: { requiredScope: 'files:read' } });
    expect(JSON.stringify(refused)).not.toContain('heron');
  } finally {
    await reader.close();
  }
});

it.each(['--output=stolen', 'HEAD..v1', 'v1 v2', '-x', 'HEAD:a.txt'])(
  'refuses %j as a commit',
  async (compare_to) => {
    const refused = await step({ step_number: 1, next_step_required: true, path: repository, compare_to });
    expect(refused['error']).toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { issues: [expect.objectContaining({ pointer: '/compare_to' })] },
    });
  },
);
