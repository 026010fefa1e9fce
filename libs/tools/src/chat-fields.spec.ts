import { type Config } from '#libs/config';
import { describe, expect, it } from 'vitest';
import { kimiChatWithTools } from './definitions/kimi-chat-with-tools.tool.js';
import { type ParsedArguments } from './define.js';
import { ToolCatalog } from './tool-catalog.js';
import { type InputIssue, type ParseResult } from './tool-input.js';

const config = {
  tools: { profile: 'standard', enabled: [], disabled: [] },
  limits: { maxPromptChars: 60_000 },
} as unknown as Config;
const tool = ToolCatalog.build([kimiChatWithTools], config).find('kimi_chat_with_tools');

function parse(args: object): ParseResult {
  if (!tool) throw new Error('the tool is not selected');
  return tool.parse(args);
}

function accepted(args: object): ParsedArguments {
  const result = parse(args);
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.args;
}

function faults(args: object): readonly InputIssue[] {
  const result = parse(args);
  return result.ok ? [] : result.issues;
}

const question = { role: 'user', content: 'Where is the heron?' };
const call = { id: 'call_1', type: 'function', function: { name: 'find', arguments: '{"what":"heron"}' } };
const find = { type: 'function', function: { name: 'find' } };

describe('messages', () => {
  it('are a text, texts, or messages as vendors write them', () => {
    expect(accepted({ messages: 'Hello' })['messages']).toEqual([{ role: 'user', content: 'Hello' }]);
    expect(
      accepted({
        messages: [
          { role: 'system', content: 'Be brief.' },
          'Where is it?',
          { role: 'assistant', content: null, tool_calls: [call], reasoning_content: 'Hm.', refusal: null },
          { role: 'tool', tool_call_id: 'call_1', name: 'find', content: 'at the pond' },
        ],
      })['messages'],
    ).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Where is it?' },
      {
        role: 'assistant',
        content: '',
        reasoning: 'Hm.',
        toolCalls: [{ id: 'call_1', name: 'find', arguments: '{"what":"heron"}' }],
      },
      { role: 'tool', toolCallId: 'call_1', name: 'find', content: 'at the pond' },
    ]);
  });

  it.each<[string, unknown, string, string]>([
    ['a number', 7, '/messages', 'text or a list of messages'],
    ['no message', [], '/messages', 'at least one message of the user that is not blank'],
    ['a blank text', '  ', '/messages', 'at least one message of the user that is not blank'],
    [
      'no user',
      [{ role: 'system', content: 'x' }],
      '/messages',
      'at least one message of the user that is not blank',
    ],
    [
      'an unknown role',
      [question, { role: 'robot', content: 'x' }],
      '/messages/1/role',
      'one of system, user, assistant, tool',
    ],
    ['no role', [{ content: 'x' }], '/messages/0/role', 'one of system, user, assistant, tool'],
    ['a list in a list', [question, []], '/messages/1', 'an object'],
    ['a message without content', [{ role: 'user' }], '/messages/0/content', 'a string'],
    [
      'a result without an id',
      [question, { role: 'tool', content: 'x' }],
      '/messages/1/tool_call_id',
      'a string',
    ],
    [
      'a result of a call that nobody asked for',
      [
        question,
        { role: 'tool', tool_call_id: 'call_1', content: 'x' },
        { role: 'assistant', content: '', tool_calls: [call] },
      ],
      '/messages/1/tool_call_id',
      'the id of a call in tool_calls of an earlier message',
    ],
    [
      'an assistant that says nothing',
      [question, { role: 'assistant', content: '' }],
      '/messages/1',
      'content or tool_calls',
    ],
    [
      'a call without arguments',
      [question, { role: 'assistant', tool_calls: [{ id: 'a', function: { name: 'find' } }] }],
      '/messages/1/tool_calls/0/function/arguments',
      'a string',
    ],
  ])('are refused: %s', (_what, messages, pointer, expected) => {
    expect(faults({ messages })).toEqual([{ pointer, expected }]);
  });

  it('have all faults of their shape told at once', () => {
    const messages = [{ role: 'robot' }, { role: 'user' }, { role: 'tool', content: 'x' }];
    expect(faults({ messages }).map(({ pointer }) => pointer)).toEqual([
      '/messages/0/role',
      '/messages/1/content',
      '/messages/2/tool_call_id',
    ]);
  });

  it('may not be longer than any text', () => {
    const messages = [{ role: 'user', content: 'x'.repeat(240_001) }];
    expect(faults({ messages })).toEqual([
      { pointer: '/messages/0/content', expected: 'at most 240000 characters' },
    ]);
  });
});

describe('tools', () => {
  it('are functions, and the search of the vendor in any of its forms', () => {
    const parameters = { type: 'object', properties: { what: { type: 'string' } } };
    const described = { type: 'function', function: { name: 'see', description: 'Sees.', parameters } };
    const builtin = { type: 'builtin_function', function: { name: '$web_search' } };
    expect(accepted({ messages: 'x', tools: [find, described, builtin] })['tools']).toEqual([
      { name: 'find', parameters: { type: 'object', properties: {} } },
      { name: 'see', description: 'Sees.', parameters },
      '$web_search',
    ]);
    expect(accepted({ messages: 'x', tools: '$web_search' })['tools']).toEqual(['$web_search']);
    expect(accepted({ messages: 'x', tools: [] })['tools']).toEqual([]);
  });

  it.each<[string, unknown, string, string]>([
    ['another text', 'search', '/tools', 'a list of functions, or $web_search'],
    ['a list with another text', [find, 'search'], '/tools/1', 'an object'],
    [
      'a name with a blank',
      [{ function: { name: 'find it' } }],
      '/tools/0/function/name',
      'a name of 1 to 64 letters, digits, "_" and "-"',
    ],
    [
      'a name of 65 characters',
      [{ function: { name: 'x'.repeat(65) } }],
      '/tools/0/function/name',
      'a name of 1 to 64 letters, digits, "_" and "-"',
    ],
    [
      'parameters that are no object',
      [find, { function: { name: 'see', parameters: 'all' } }],
      '/tools/1/function/parameters',
      'an object',
    ],
    ['the same name twice', [find, find], '/tools/1', 'a name that no other tool has'],
    [
      'more than 128',
      Array.from({ length: 129 }, (_, index) => ({ function: { name: `f${index}` } })),
      '/tools',
      'at most 128 items',
    ],
  ])('are refused: %s', (_what, tools, pointer, expected) => {
    expect(faults({ messages: 'x', tools })).toEqual([{ pointer, expected }]);
  });
});

describe('the choice of a tool', () => {
  const request = (args: object) => kimiChatWithTools.request(accepted({ messages: 'x', ...args }));
  const named = (name: string) => ({ type: 'function', function: { name } });

  it.each(['auto', 'none', 'required'])('is %s', (tool_choice) => {
    expect(request({ tools: [find], tool_choice })).toMatchObject({ toolChoice: tool_choice });
  });

  it('names one of the tools', () => {
    expect(request({ tools: [find], tool_choice: named('find') }).toolChoice).toEqual({ name: 'find' });
    expect(() => request({ tools: [find], tool_choice: named('see') })).toThrowError(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        details: { issues: [{ pointer: '/tool_choice/function/name', expected: 'one of find' }] },
      }) as Error,
    );
    expect(faults({ messages: 'x', tool_choice: 'any' })).toEqual([
      { pointer: '/tool_choice', expected: 'auto, none, required, or {type: function, function: {name}}' },
    ]);
  });

  it('asks for a web search by the flag and by the tool alike', () => {
    expect(request({}).webSearch).toBe(false);
    expect(request({ use_websearch: true }).webSearch).toBe(true);
    expect(request({ tools: ['$web_search', find] })).toMatchObject({
      webSearch: true,
      tools: [{ name: 'find' }],
    });
  });
});
