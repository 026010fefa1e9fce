import { ExaiError } from '#libs/errors';
import { describe, expect, it } from 'vitest';
import { InputNeeded } from '../input-needed.js';
import { type CallInput, type InputKind, type ToolCall } from '../tool.js';
import { askBack, withCorrections } from './asking-back.js';

const call: ToolCall = {
  id: 'id',
  tool: 'chat',
  args: { prompt: 'Hello', files: ['/a', '/b'], model: 'kimmy' },
  principal: { tenant: 't', subject: 's', scopes: [] },
  client: { name: 'c', version: '1' },
  sessionId: 'session',
  transport: 'http',
  correlationId: 'id',
  deadline: 0,
  createdAt: 0,
};
const input = (...asks: InputKind[]): CallInput => ({
  can: (kind) => asks.includes(kind),
  response: () => undefined,
});
const missing = new ExaiError('FILE_NOT_FOUND', { field: '/files/1' });
const unknown = new ExaiError('MODEL_NOT_FOUND', { model: 'kimmy', suggestions: ['kimi-k3'] });
const keysAsked = (error: unknown, of = call, by = input('elicitation')): string[] | undefined => {
  const thrown = askBack(error, of, by);
  return thrown instanceof InputNeeded ? Object.keys(thrown.requests) : undefined;
};
const accepted = (content: object) => ({ action: 'accept', content });

describe('asking back', () => {
  it('turns a mistake into a question that says which argument it is about', () => {
    expect(keysAsked(missing)).toEqual(['correct:path:/files/1']);
    expect(keysAsked(unknown)).toEqual(['correct:model:/model']);
  });

  it('puts the answer in the place of the mistake, and nowhere else', () => {
    const inputResponses = {
      'correct:path:/files/1': accepted({ path: ' /c ' }),
      'correct:model:/model': accepted({ model: 'kimi-k3' }),
      other: accepted({ path: '/d' }),
    };
    expect(withCorrections({ ...call, inputResponses }).args).toEqual({
      prompt: 'Hello',
      files: ['/a', '/c'],
      model: 'kimi-k3',
    });
    expect(call.args['files']).toEqual(['/a', '/b']);
  });

  it.each([
    { action: 'decline' },
    { action: 'accept' },
    { action: 'accept', content: { path: 7 } },
    { action: 'accept', content: { path: '/with\0nothing' } },
    { action: 'accept', content: { path: '/'.repeat(5_000) } },
    'nonsense',
  ])('leaves the call as it is for %j, and does not ask again', (response) => {
    const answered = { ...call, inputResponses: { 'correct:path:/files/1': response } };
    expect(withCorrections(answered)).toBe(answered);
    expect(askBack(missing, answered, input('elicitation'))).toBe(missing);
  });

  it('has nothing to put right where no text stands', () => {
    for (const pointer of ['/files/7', '/files', '/nothing', '/files/1/2', '']) {
      const inputResponses = { [`correct:path:${pointer}`]: accepted({ path: '/c' }) };
      expect(withCorrections({ ...call, inputResponses }).args).toBe(call.args);
    }
  });

  it.each<[string, unknown, Partial<ToolCall>?, CallInput?]>([
    ['the caller cannot be asked', missing, {}, input('sampling')],
    ['files came along', missing, { clientFiles: { readBy: 'client', files: [], skipped: [] } }],
    ['no name is close', new ExaiError('MODEL_NOT_FOUND', { suggestions: [] })],
    ['it names no argument', new ExaiError('FILE_NOT_FOUND', { file: 'id' })],
    ['nobody can put it right', new ExaiError('PROVIDER_AUTH')],
    ['it is no error of ours', new Error('bug')],
  ])('lets the failure stand when %s', (_why, error, of = {}, by = input('elicitation')) => {
    expect(askBack(error, { ...call, ...of }, by)).toBe(error);
  });
});
