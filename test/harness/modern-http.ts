import { MODERN_REVISION } from './clients.js';
import { bearer, MCP_HEADERS } from './http.js';
import { type Gateway } from './standalone.js';

/** Where the `Mcp-Name` header of a method comes from. */
const NAME_OF: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
};

interface Notification {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface ModernAnswer {
  readonly status: number;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
  /** What came on the stream before the answer. */
  readonly notifications: readonly Notification[];
}

export interface ModernOptions {
  /** Default: elicitation. */
  readonly capabilities?: Readonly<Record<string, unknown>>;
  /** More of the request's `_meta`. */
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly inputResponses?: Readonly<Record<string, unknown>> | undefined;
  readonly requestState?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** `tools/call` of revision 2026-07-28, written by hand. */
export function modernCall(
  server: Pick<Gateway, 'url'>,
  token: string,
  name: string,
  args: Readonly<Record<string, unknown>> = {},
  options: ModernOptions = {},
): Promise<ModernAnswer> {
  return postModern(server, token, 'tools/call', { name, arguments: args }, options);
}

/** A request of revision 2026-07-28 written by hand: official clients know no tasks, and hide what goes over the wire. */
export async function postModern(
  server: Pick<Gateway, 'url'>,
  token: string,
  method: string,
  params: Readonly<Record<string, unknown>> = {},
  options: ModernOptions = {},
): Promise<ModernAnswer> {
  const name = params[NAME_OF[method] ?? ''];
  const { headers = {}, signal } = options;
  const response = await fetch(`${server.url}/mcp`, {
    method: 'POST',
    headers: {
      ...MCP_HEADERS,
      ...bearer(token),
      'MCP-Protocol-Version': MODERN_REVISION,
      'Mcp-Method': method,
      ...(typeof name === 'string' && { 'Mcp-Name': name }),
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: withEnvelope(params, options) }),
    ...(signal && { signal }),
  });
  const text = await response.text();
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  const messages = (isStream ? messagesOf(text) : [text]).map((message) => JSON.parse(message) as unknown);
  const answer = messages.at(-1) as Pick<ModernAnswer, 'result' | 'error'>;
  return { status: response.status, ...answer, notifications: messages.slice(0, -1) as Notification[] };
}

function withEnvelope(
  params: Readonly<Record<string, unknown>>,
  { capabilities = { elicitation: {} }, meta, inputResponses, requestState }: ModernOptions,
): object {
  return {
    ...params,
    ...(inputResponses && { inputResponses }),
    ...(requestState !== undefined && { requestState }),
    _meta: {
      'io.modelcontextprotocol/protocolVersion': MODERN_REVISION,
      'io.modelcontextprotocol/clientInfo': { name: 'exai-tests', version: '1.0.0' },
      'io.modelcontextprotocol/clientCapabilities': capabilities,
      ...meta,
    },
  };
}

function messagesOf(stream: string): string[] {
  return stream
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => line.slice('data: '.length));
}
