import { anthropic } from '../../libs/providers/src/descriptors/anthropic.provider.js';
import { openai } from '../../libs/providers/src/descriptors/openai.provider.js';
import { type ProviderDescriptor, providerSchema } from '../../libs/providers/src/define.js';

/** An answer in no dialect's words. */
export interface Said {
  readonly text?: readonly string[];
  readonly reasoning?: readonly string[];
  readonly call?: { readonly id: string; readonly name: string; readonly arguments: string };
  readonly finish?: 'stop' | 'length' | 'tool_calls' | 'content_filter';
}

/** How one dialect says it. Tokens are always: input 20, of them 4 cached, output 9, of them 3 reasoning. */
export interface Wire {
  readonly provider: ProviderDescriptor;
  /** The header that carries the key, and what stands in it. */
  readonly auth: readonly [name: string, value: (key: string) => string];
  /** After the address of the server, as an operator would write it. */
  readonly basePath: string;
  readonly completions: string;
  readonly models: RegExp;
  /** Variables the vendor's package would read, with a value that must not be seen on the wire. */
  readonly environment: Readonly<Record<string, string>>;
  whole(said: Said): object;
  /** The events of a complete stream. */
  events(said: Said): readonly string[];
  /** The events of a stream that has begun to speak. */
  opening(text: string): readonly string[];
  /** What keeps a connection alive and says nothing. */
  readonly noise: string;
  refusal(status: number, message: string): object;
  /** An overloaded vendor, in the middle of a stream. */
  readonly failure: string;
}

function data(event: object): string {
  const { type } = event as { type?: string };
  return `${type === undefined ? '' : `event: ${type}\n`}data: ${JSON.stringify(event)}\n\n`;
}

function chunk(delta: object, finish: string | null = null): string {
  return data({ id: 'chat-1', choices: [{ index: 0, delta, finish_reason: finish }] });
}

const OPENAI_USAGE = {
  prompt_tokens: 20,
  completion_tokens: 9,
  total_tokens: 29,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 3 },
};

const openaiChat: Wire = {
  provider: providerSchema.parse(openai),
  auth: ['authorization', (key) => `Bearer ${key}`],
  basePath: '/v1',
  completions: '/v1/chat/completions',
  models: /^\/v1\/models$/,
  environment: {
    OPENAI_API_KEY: 'key-of-the-environment',
    OPENAI_ADMIN_KEY: 'key-of-the-environment',
    OPENAI_BASE_URL: 'http://127.0.0.1:1',
    OPENAI_ORG_ID: 'org-of-the-environment',
    OPENAI_PROJECT_ID: 'project-of-the-environment',
    OPENAI_CUSTOM_HEADERS: 'Authorization: of-the-environment\nX-Evil: of-the-environment',
    OPENAI_LOG: 'debug',
  },
  whole: ({ text = [], reasoning = [], call, finish = 'stop' }) => ({
    id: 'chat-1',
    choices: [
      {
        index: 0,
        finish_reason: finish,
        message: {
          role: 'assistant',
          content: text.join('') || null,
          ...(reasoning.length > 0 && { reasoning_content: reasoning.join('') }),
          ...(call && { tool_calls: [openaiCall(call)] }),
        },
      },
    ],
    usage: OPENAI_USAGE,
  }),
  events: ({ text = [], reasoning = [], call, finish = 'stop' }) => [
    chunk({ role: 'assistant', content: '' }),
    ...reasoning.map((piece) => chunk({ reasoning_content: piece })),
    ...text.map((piece) => chunk({ content: piece })),
    ...(call ? openaiCallEvents(call) : []),
    chunk({}, finish),
    data({ id: 'chat-1', choices: [], usage: OPENAI_USAGE }),
    'data: [DONE]\n\n',
  ],
  opening: (text) => [chunk({ role: 'assistant', content: '' }), chunk({ content: text })],
  noise: ': keep-alive\n\n',
  refusal: (status, message) => ({ error: { message, type: `status_${status}`, code: null } }),
  failure: data({ error: { message: 'overloaded', type: 'server_error', code: 'insufficient_quota' } }),
};

function openaiCall(call: NonNullable<Said['call']>): object {
  return { id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } };
}

function openaiCallEvents(call: NonNullable<Said['call']>): string[] {
  const middle = Math.floor(call.arguments.length / 2);
  const pieces = [call.arguments.slice(0, middle), call.arguments.slice(middle)];
  return [
    chunk({ tool_calls: [{ index: 0, ...openaiCall({ ...call, arguments: '' }) }] }),
    ...pieces.map((piece) => chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] })),
  ];
}

const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  529: 'overloaded_error',
};
const STOP_REASONS = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  content_filter: 'refusal',
} as const;
const ANTHROPIC_USAGE = {
  input_tokens: 16,
  cache_read_input_tokens: 4,
  cache_creation_input_tokens: 0,
  output_tokens: 9,
  output_tokens_details: { thinking_tokens: 3 },
};

function anthropicMessage(content: readonly object[], stopReason: string | null, usage: object): object {
  return { type: 'message', id: 'msg_1', role: 'assistant', content, stop_reason: stopReason, usage };
}

const anthropicStart = data({
  type: 'message_start',
  message: anthropicMessage([], null, { ...ANTHROPIC_USAGE, output_tokens: 1, output_tokens_details: null }),
});

function blockStart(index: number, block: object): string {
  return data({ type: 'content_block_start', index, content_block: block });
}

function blockDelta(index: number, delta: object): string {
  return data({ type: 'content_block_delta', index, delta });
}

function anthropicBlock(index: number, block: object, deltas: readonly object[]): string[] {
  return [
    blockStart(index, block),
    ...deltas.map((delta) => blockDelta(index, delta)),
    data({ type: 'content_block_stop', index }),
  ];
}

const anthropicMessages: Wire = {
  provider: providerSchema.parse(anthropic),
  auth: ['x-api-key', (key) => key],
  basePath: '',
  completions: '/v1/messages',
  models: /^\/v1\/models\?limit=\d+$/,
  environment: {
    ANTHROPIC_API_KEY: 'key-of-the-environment',
    ANTHROPIC_AUTH_TOKEN: 'token-of-the-environment',
    ANTHROPIC_BASE_URL: 'http://127.0.0.1:1',
    ANTHROPIC_CUSTOM_HEADERS: 'x-api-key: of-the-environment\nX-Evil: of-the-environment',
    ANTHROPIC_LOG: 'debug',
    ANTHROPIC_PROFILE: 'of-the-environment',
    ANTHROPIC_IDENTITY_TOKEN: 'token-of-the-environment',
  },
  whole: ({ text = [], reasoning = [], call, finish = 'stop' }) =>
    anthropicMessage(
      [
        ...(reasoning.length > 0 ? [{ type: 'thinking', thinking: reasoning.join(''), signature: 's' }] : []),
        ...(text.length > 0 ? [{ type: 'text', text: text.join('') }] : []),
        ...(call
          ? [{ type: 'tool_use', id: call.id, name: call.name, input: JSON.parse(call.arguments) as unknown }]
          : []),
      ],
      STOP_REASONS[finish],
      ANTHROPIC_USAGE,
    ),
  events: ({ text = [], reasoning = [], call, finish = 'stop' }) => [
    anthropicStart,
    ...anthropicBlock(
      0,
      { type: 'thinking', thinking: '' },
      reasoning.map((thinking) => ({ type: 'thinking_delta', thinking })),
    ),
    ...anthropicBlock(
      1,
      { type: 'text', text: '' },
      text.map((piece) => ({ type: 'text_delta', text: piece })),
    ),
    ...(call
      ? anthropicBlock(2, { type: 'tool_use', id: call.id, name: call.name, input: {} }, [
          { type: 'input_json_delta', partial_json: call.arguments.slice(0, 3) },
          { type: 'input_json_delta', partial_json: call.arguments.slice(3) },
        ])
      : []),
    data({ type: 'message_delta', delta: { stop_reason: STOP_REASONS[finish] }, usage: ANTHROPIC_USAGE }),
    data({ type: 'message_stop' }),
  ],
  opening: (text) => [
    anthropicStart,
    blockStart(0, { type: 'text', text: '' }),
    blockDelta(0, { type: 'text_delta', text }),
  ],
  noise: data({ type: 'ping' }),
  refusal: (status, message) => ({
    type: 'error',
    error: { type: ANTHROPIC_TYPES[status] ?? 'api_error', message },
    request_id: 'req_1',
  }),
  failure: data({ type: 'error', error: { type: 'billing_error', message: 'overloaded' } }),
};

/** Each dialect by the name it has in `CLIENTS`. */
export const WIRES: Readonly<Record<string, Wire>> = {
  'openai-chat': openaiChat,
  'anthropic-messages': anthropicMessages,
};
