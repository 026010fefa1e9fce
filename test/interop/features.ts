import assert from 'node:assert/strict';
import { type Progress, type ToolResult } from '../harness/clients.js';
import { eventually } from '../harness/eventually.js';
import { ANSWER_SECONDS, cancel } from './cancellation.js';
import { type Session } from './session.js';

/** Something that every client must be able to do over every transport. */
export interface Feature {
  /** Head of its column. */
  readonly name: string;
  /** Ends a sentence that begins with the client. */
  readonly claim: string;
  /** @throws when it does not hold */
  readonly check: (session: Session) => Promise<void>;
}

const SIMULATOR = 'simulator-1';
const WRONG_MODEL = 'simulater-1';
const LOGGED = ['Tool execution started', 'Tool processing data', 'Tool execution completed'];
const TOOLS_CHANGED = 'notifications/tools/list_changed';

function textOf(result: ToolResult): string {
  return result.content[0]?.text ?? '';
}

async function list({ client }: Session): Promise<void> {
  const names = (await client.listTools()).map(({ name }) => name);
  assert.deepEqual(names, [...names].sort());
  for (const name of ['chat', 'codereview', 'listmodels', 'version']) assert.ok(names.includes(name), name);
}

async function call({ client, kind, route }: Session): Promise<void> {
  const question = `from ${kind} over ${route}`;
  const result = await client.callTool('chat', { prompt: `[[sim: echo]] ${question}`, model: SIMULATOR });
  assert.ok(!result.isError, textOf(result));
  assert.equal(result.structuredContent?.['content'], question);
}

/** The clients compare the structure with the output schema by themselves, once they have listed it. */
async function structure({ client }: Session): Promise<void> {
  await client.listTools();
  const result = await client.callTool('version', {});
  assert.equal(result.structuredContent?.['status'], 'success');
  assert.deepEqual(JSON.parse(textOf(result)), result.structuredContent);
}

async function progress({ client }: Session): Promise<void> {
  const seen: Progress[] = [];
  const prompt = '[[sim: latency(300), echo]] slowly';
  await client.callTool(
    'chat',
    { prompt, model: SIMULATOR },
    { onprogress: (progress) => seen.push(progress) },
  );
  const atTheEnd = seen.length;
  assert.ok(atTheEnd > 0, 'no progress came');
  const values = seen.map(({ progress }) => progress);
  assert.deepEqual(
    values,
    [...new Set(values)].sort((a, b) => a - b),
  );
  // A round trip more: what was sent before it has arrived by now.
  await client.callTool('version', {});
  assert.equal(seen.length, atTheEnd, 'progress came after the answer');
}

async function elicitation({ client, questions }: Session): Promise<void> {
  const before = questions.length;
  const result = await client.callTool('chat', { prompt: '[[sim: echo]] which?', model: WRONG_MODEL });
  assert.equal(questions.length, before + 1, 'not asked once');
  assert.match(JSON.stringify(questions[before]), new RegExp(`${WRONG_MODEL}.*${SIMULATOR}`, 's'));
  assert.equal(result.structuredContent?.['content'], 'which?');
}

async function sampling({ client, kind, route, prompts }: Session): Promise<void> {
  const before = prompts.length;
  const prompt = `Who is ${kind} over ${route}?`;
  const result = await client.callTool('test_sampling', { prompt });
  assert.deepEqual(prompts.slice(before), [prompt]);
  assert.equal(textOf(result), `LLM response: Heard: ${prompt}`);
}

async function logging({ client, logs }: Session): Promise<void> {
  const before = logs.length;
  await client.logFrom('error');
  await client.callTool('test_tool_with_logging', {});
  await client.callTool('version', {});
  assert.deepEqual(logs.slice(before), [], 'less than was asked for came too');
  await client.logFrom('info');
  await client.callTool('test_tool_with_logging', {});
  assert.deepEqual(logs.slice(before), LOGGED);
}

async function listChanged({ client, isModern, changedLists }: Session): Promise<void> {
  if (isModern) await client.follow('exai://models');
  const before = changedLists.length;
  await client.callTool('test_trigger_tool_change', {});
  await eventually(() => changedLists.slice(before).includes(TOOLS_CHANGED), 'the change is told');
}

async function cancelled(session: Session): Promise<void> {
  const milliseconds = await cancel(session);
  assert.ok(milliseconds < (ANSWER_SECONDS * 1_000) / 3, `took ${milliseconds} ms`);
  assert.equal((await session.client.callTool('version', {})).structuredContent?.['status'], 'success');
}

async function errors({ client }: Session): Promise<void> {
  await assert.rejects(client.callTool('chatt', {}), (error: { code?: unknown; data?: unknown }) => {
    assert.equal(error.code, -32602);
    assert.equal((error.data as { code?: unknown } | undefined)?.code, 'TOOL_NOT_FOUND');
    return true;
  });
  await assert.rejects(client.reads.readResource({ uri: 'exai://nothing' }), { code: -32602 });
  const wrong = await client.callTool('chat', { prompt: 42 });
  assert.equal(wrong.isError, true);
  assert.match(JSON.stringify(wrong.structuredContent), /INVALID_ARGUMENT.*\/prompt/s);
  assert.equal((wrong._meta?.['io.exai/error'] as { code?: unknown } | undefined)?.code, 'INVALID_ARGUMENT');
  const refused = await client.callTool('chat', { prompt: '[[sim: 400-context]] no', model: SIMULATOR });
  assert.equal(refused.isError, true);
  assert.equal((await client.callTool('version', {})).structuredContent?.['status'], 'success');
}

/** In the order in which a session is put through them. */
export const FEATURES: readonly Feature[] = [
  { name: 'list', claim: 'lists the tools, sorted', check: list },
  { name: 'call', claim: 'gets the answer to its own question', check: call },
  { name: 'structure', claim: 'gets the answer as structure and as text', check: structure },
  { name: 'progress', claim: 'sees progress that rises strictly and ends with the answer', check: progress },
  { name: 'elicitation', claim: 'asks its user which model was meant', check: elicitation },
  { name: 'sampling', claim: "lends its model to the worker's tool", check: sampling },
  { name: 'logging', claim: 'gets the log messages of the level that it asked for', check: logging },
  { name: 'list_changed', claim: 'is told that there are other tools', check: listChanged },
  { name: 'cancel', claim: 'cancels the request at the provider', check: cancelled },
  { name: 'errors', claim: 'learns what was wrong and stays connected', check: errors },
];
