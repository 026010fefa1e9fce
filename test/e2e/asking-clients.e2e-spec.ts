import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CLIENT_KINDS,
  connect,
  TRANSPORTS,
  type ElicitAnswer,
  type McpClient,
  type Question,
} from '../harness/clients.js';
import { ROOT, temporaryDirectory } from '../harness/paths.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';

const SERVERS = join(ROOT, 'test/integration/asking-servers');
const SCRIPTS = { gateway: join(SERVERS, 'gateway.mjs'), worker: join(SERVERS, 'worker.mjs') };
const COMBINATIONS = TRANSPORTS.flatMap((transport) =>
  CLIENT_KINDS.map((kind) => [kind, transport] as const),
);

const TRACE = {
  trace_mode: 'ask',
  target_description: 'The function main, to see what it calls.',
  step: 'Look for its definition.',
  step_number: 1,
  total_steps: 2,
  next_step_required: true,
  findings: 'Nothing yet.',
};

const directory = temporaryDirectory();
let rig: Rig;

beforeAll(async () => {
  const [backend] = backends();
  if (!backend) throw new Error('No queue.');
  mkdirSync(directory, { recursive: true });
  rig = await Rig.open(backend, { scripts: SCRIPTS, env: { EXAI_FILE_ROOTS: directory } });
});

afterAll(async () => {
  await rig.close();
  rmSync(directory, { recursive: true, force: true });
});

describe.each(COMBINATIONS)('the official client %s over %s', (kind, transport) => {
  const questions: Question[] = [];
  let answer: ElicitAnswer;
  let asked: McpClient;
  let silent: McpClient;

  beforeAll(async () => {
    const elicit = (question: Question) => {
      questions.push(question);
      return answer;
    };
    asked = await connect(kind, transport, rig.gateway, rig.token(), { elicit });
    silent = await connect(kind, transport, rig.gateway, rig.token());
  });

  afterAll(() => Promise.all([asked.close(), silent.close()]));

  it('is asked by a tool in the worker, round after round', async () => {
    questions.length = 0;
    answer = { action: 'accept', content: { name: 'Ada' } };
    const result = await asked.callTool('greet', { rounds: 3 });
    expect(result.structuredContent).toMatchObject({ content: 'Hello, Ada and Ada and Ada' });
    expect(questions.map(({ message }) => message)).toEqual([
      'Who is name1?',
      'Who is name2?',
      'Who is name3?',
    ]);
  });

  it('is asked which way to trace, and the call goes on with the answer', async () => {
    answer = { action: 'accept', content: { trace_mode: 'precision' } };
    const chosen = await asked.callTool('tracer', TRACE);
    expect(chosen.structuredContent).toMatchObject({ tracing_status: { trace_mode: 'precision' } });
    answer = { action: 'decline' };
    const declined = await asked.callTool('tracer', TRACE);
    const unasked = await silent.callTool('tracer', TRACE);
    for (const { structuredContent } of [declined, unasked]) {
      expect(structuredContent).toMatchObject({ status: 'mode_selection_required' });
    }
  });

  it('is asked for a model that there is', async () => {
    questions.length = 0;
    answer = { action: 'accept', content: { model: 'simulator-1' } };
    const chat = { prompt: '[[sim: echo]] hello', model: 'simulater-1' };
    const result = await asked.callTool('chat', chat);
    expect(result.structuredContent).toMatchObject({ content: 'hello' });
    expect(questions).toHaveLength(1);
    expect((await silent.callTool('chat', chat)).structuredContent).toMatchObject({
      error: { code: 'MODEL_NOT_FOUND' },
    });
  });

  // The shim reads files for itself, before there is a call; what it finds missing it says at once.
  if (transport === 'stdio') return;
  it('is asked for a file that there is', async () => {
    const notes = join(directory, 'notes.txt');
    writeFileSync(notes, 'words');
    answer = { action: 'accept', content: { path: notes } };
    const chat = {
      prompt: '[[sim: echo]] read',
      files: [join(directory, 'no-such-file.txt')],
      model: 'simulator-1',
    };
    questions.length = 0;
    await asked.callTool('chat', chat);
    expect(questions.map(({ message }) => message).join()).toContain('no-such-file.txt');
    expect((await silent.callTool('chat', chat)).structuredContent).toMatchObject({
      error: { code: 'FILE_NOT_FOUND' },
    });
  });
});
