import { describe, expect, it } from 'vitest';
import { describeTool, listTools } from './describe-tools.js';

const chat = {
  name: 'chat',
  title: 'Ask',
  description: 'Asks a model.',
  inputSchema: {
    properties: {
      prompt: { type: 'string', description: 'The question.' },
      mode: { type: 'string', enum: ['low', 'high'], default: 'low' },
      files: { type: 'array', items: { type: 'string' } },
    },
    required: ['prompt', 'files'],
  },
};

describe('describeTool', () => {
  it('shows description, arguments and an example', () => {
    expect(describeTool(chat)).toBe(
      [
        'chat - Ask',
        '',
        'Asks a model.',
        '',
        'Arguments:',
        '  prompt  string     required       The question.',
        '  mode    low|high   default "low"',
        '  files   string...  required',
        '',
        'Example:',
        '  npx exai call chat prompt="What is a race condition?" files="files"',
      ].join('\n'),
    );
  });

  it('does without arguments', () => {
    expect(describeTool({ name: 'version', inputSchema: {} })).toBe(
      'version\n\nIt takes no arguments.\n\nExample:\n  npx exai call version',
    );
  });
});

describe('listTools', () => {
  it('aligns the titles', () => {
    const tools = [chat, { name: 'listmodels', title: 'List', inputSchema: {} }];
    expect(listTools(tools)).toBe('chat        Ask\nlistmodels  List');
  });
});
