import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modernCall, type ModernAnswer, type ModernOptions } from '../harness/modern-http.js';
import { temporaryDirectory } from '../harness/paths.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';

type Args = Record<string, unknown>;

const [backend] = backends();

/** What the product itself asks the person in front of the client, over the real road. */
describe('a mistake that a person can put right', () => {
  let rig: Rig;
  let token: string;
  const directory = temporaryDirectory();
  const notes = join(directory, 'notes.txt');
  const wrong = join(directory, 'note.txt');

  beforeAll(async () => {
    writeFileSync(notes, 'what the file says\n');
    if (!backend) throw new Error('There is no queue.');
    rig = await Rig.open(backend, { env: { EXAI_FILE_ROOTS: directory } });
    token = rig.token({ subject: 'owner' });
  }, 120_000);

  afterAll(async () => {
    await rig.close();
    rmSync(directory, { recursive: true });
  });

  const call = (tool: string, args: Args, options: ModernOptions = {}) =>
    modernCall(rig.gateway, token, tool, args, options);
  const chat = (args: Args, options?: ModernOptions) =>
    call('chat', { model: 'simulator-1', prompt: '[[sim: echo]] look', ...args }, options);
  const accept = (content: Args) => ({ action: 'accept', content });

  function questionOf({ result, error }: ModernAnswer) {
    if (result?.['resultType'] !== 'input_required') throw new Error(JSON.stringify(error ?? result));
    const requests = Object.entries(
      result['inputRequests'] as Record<string, { method: string; params: Record<string, unknown> }>,
    );
    expect(requests).toHaveLength(1);
    const [key, { method, params }] = requests[0]!;
    expect(method).toBe('elicitation/create');
    const { properties } = params['requestedSchema'] as {
      properties: Record<string, Record<string, unknown>>;
    };
    return { key, message: params['message'], properties, requestState: result['requestState'] };
  }
  const answering = (asked: ModernAnswer, response: unknown): ModernOptions => {
    const { key, requestState } = questionOf(asked);
    return { inputResponses: { [key]: response }, requestState };
  };
  const payloadOf = ({ result, error }: ModernAnswer) => {
    if (!result) throw new Error(JSON.stringify(error));
    return result['structuredContent'] as Args & { error?: { code: string; message: string } };
  };

  it('is a path without a file: the call goes on with the path that the person gives', async () => {
    const args = { files: [notes, wrong] };
    const asked = await chat(args);
    const { message, properties } = questionOf(asked);
    expect(message).toContain(wrong);
    expect(properties['path']).toMatchObject({ type: 'string' });
    const payload = payloadOf(await chat(args, answering(asked, accept({ path: notes }))));
    expect(payload).toMatchObject({
      status: 'continuation_available',
      content: expect.stringContaining('what the file says') as string,
    });
  });

  it.each([
    ['declines', { action: 'decline' }],
    ['cancels', { action: 'cancel' }],
    ['answers with nothing', { action: 'accept', content: { path: '  ' } }],
    ['names another file that is not there', { action: 'accept', content: { path: '/nowhere' } }],
  ])('is asked for once: who %s gets the error', async (_what, response) => {
    const args = { files: [wrong] };
    const failed = payloadOf(await chat(args, answering(await chat(args), response)));
    expect(['FILE_NOT_FOUND', 'FILE_DENIED']).toContain(failed.error?.code);
  });

  it('is a model that does not exist: the closest names are the choice', async () => {
    const args = { model: 'simulator-11' };
    const asked = await chat(args);
    const { message, properties } = questionOf(asked);
    expect(message).toContain('simulator-11');
    expect(properties['model']?.['enum']).toContain('simulator-1');
    const payload = payloadOf(await chat(args, answering(asked, accept({ model: 'simulator-1' }))));
    expect(payload['metadata']).toMatchObject({ model_used: 'simulator-1' });
    expect(payloadOf(await chat(args, answering(await chat(args), { action: 'decline' }))).error?.code).toBe(
      'MODEL_NOT_FOUND',
    );
  });

  it('may be both in one call, one after the other', async () => {
    const args = { model: 'simulator-11', files: [wrong] };
    const first = await chat(args);
    const second = await chat(args, answering(first, accept({ path: notes })));
    expect(Object.keys(questionOf(second).properties)).toEqual(['model']);
    const payload = payloadOf(await chat(args, answering(second, accept({ model: 'simulator-1' }))));
    expect(payload['content']).toContain('what the file says');
    expect(payload['metadata']).toMatchObject({ model_used: 'simulator-1' });
  });

  it('is put right for consensus before any model is asked', async () => {
    const args = {
      step: '[[sim: echo]] Should we?',
      step_number: 1,
      total_steps: 1,
      next_step_required: false,
      findings: 'Yes.',
      models: [{ model: 'simulator-1' }, { model: 'simulator-1', stance: 'against' }],
      relevant_files: [wrong],
    };
    const asked = await call('consensus', args);
    const payload = payloadOf(await call('consensus', args, answering(asked, accept({ path: notes }))));
    expect(payload.error).toBeUndefined();
    expect(JSON.stringify(payload)).not.toContain('FILE_NOT_FOUND');
  });

  it('stays an error for a client that cannot be asked, and for files that came along', async () => {
    const unable = await chat({ files: [wrong] }, { capabilities: {} });
    expect(payloadOf(unable).error?.code).toBe('FILE_NOT_FOUND');
    const sent = await chat({ files: [wrong] }, { meta: { 'io.exai/files': { readBy: 'client' } } });
    expect(payloadOf(sent).error?.code).toBe('FILE_NOT_FOUND');
  });

  it('is an undecided tracer: its first step is in the mode that the person chooses', async () => {
    const args = {
      step: 'Find it.',
      step_number: 1,
      total_steps: 2,
      next_step_required: true,
      findings: 'Nothing yet.',
      target_description: 'main()',
      trace_mode: 'ask',
    };
    const asked = await call('tracer', args);
    expect(questionOf(asked).properties['trace_mode']?.['enum']).toEqual(['precision', 'dependencies']);
    const chosen = await call('tracer', args, answering(asked, accept({ trace_mode: 'dependencies' })));
    expect(payloadOf(chosen)).toMatchObject({
      tracing_status: { trace_mode: 'dependencies' },
    });
    const undecided = await call('tracer', args, answering(asked, { action: 'decline' }));
    expect(payloadOf(undecided)).toMatchObject({ mode_selection_required: true });
    const unable = await call('tracer', args, { capabilities: {} });
    expect(payloadOf(unable)).toMatchObject({ mode_selection_required: true });
  });
});
