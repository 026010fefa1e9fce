import { type Gateway } from './standalone.js';

/** The MCP clients in the field: both SDKs, and of the newer one each way to choose a revision. */
export const CLIENT_KINDS = ['v1', 'v2-default', 'v2-auto', 'v2-pinned'] as const;
export type ClientKind = (typeof CLIENT_KINDS)[number];

export const TRANSPORTS = ['http', 'websocket', 'stdio'] as const;
export type TransportKind = (typeof TRANSPORTS)[number];

export const MODERN_REVISION = '2026-07-28';

export interface ListedTool {
  readonly name: string;
  readonly inputSchema: { readonly type: string };
}

export interface ListedPrompt {
  readonly name: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly arguments?:
    | readonly {
        readonly name: string;
        readonly description?: string | undefined;
        readonly required?: boolean | undefined;
      }[]
    | undefined;
}

/** Requests that answer at once and change nothing; both SDKs name them alike. */
export interface McpReads {
  listPrompts(params?: Page): Promise<{ readonly prompts: readonly ListedPrompt[] }>;
  getPrompt(params: { name: string; arguments?: Record<string, string> }): Promise<{
    readonly description?: string | undefined;
    readonly messages: readonly { readonly role: string; readonly content: { readonly type: string } }[];
  }>;
  listResources(params?: Page): Promise<{ readonly resources: readonly ListedResource[] }>;
  listResourceTemplates(
    params?: Page,
  ): Promise<{ readonly resourceTemplates: readonly { readonly uriTemplate: string }[] }>;
  readResource(params: { uri: string }): Promise<{ readonly contents: readonly object[] }>;
  complete(params: {
    ref: { type: 'ref/prompt'; name: string } | { type: 'ref/resource'; uri: string };
    argument: { name: string; value: string };
  }): Promise<{ readonly completion: Completion }>;
}

export interface ListedResource {
  readonly uri: string;
  readonly mimeType?: string | undefined;
}

export interface Completion {
  readonly values: readonly string[];
  readonly total?: number | undefined;
  readonly hasMore?: boolean | undefined;
}

interface Page {
  cursor?: string;
}

export interface Progress {
  readonly progress: number;
  readonly message?: string | undefined;
}

export interface ToolResult {
  readonly content: readonly { readonly type: string; readonly text?: string }[];
  readonly structuredContent?: Record<string, unknown>;
  readonly isError?: boolean;
  readonly _meta?: Record<string, unknown>;
}

export interface CallOptions {
  readonly onprogress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
  readonly timeout?: number;
  /** `_meta` of the request. */
  readonly meta?: Record<string, unknown>;
}

/** What the suites do with a client, whatever SDK it is of. A JSON-RPC error is thrown with `code` and `data`. */
export interface McpClient {
  readonly protocolVersion: string | undefined;
  /** Prompts, resources and completion. */
  readonly reads: McpReads;
  listTools(): Promise<readonly ListedTool[]>;
  callTool(name: string, args: Record<string, unknown>, options?: CallOptions): Promise<ToolResult>;
  /** Asks for news of this resource; with 2026-07-28 of all lists too, which older revisions send unasked. */
  follow(uri: string): Promise<void>;
  /** Wants log messages of this level and above: said once, or, with 2026-07-28, with each call from now on. */
  logFrom(level: LogLevel): Promise<void>;
  close(): Promise<void>;
}

export type LogLevel = 'debug' | 'info' | 'warning' | 'error';

export type ConnectTo = Pick<Gateway, 'url' | 'wsUrl' | 'token'>;

export interface ConnectOptions {
  /** By which it introduces itself. */
  readonly name?: string;
  /** What the shim finds in its environment besides the token. */
  readonly shimEnv?: Readonly<Record<string, string>>;
  /** What a client of stdio starts in place of the shim. */
  readonly program?: StdioProgram;
  /** Told of each list that the server says has changed. */
  readonly onListChanged?: (method: string) => void;
  /** Answers forms for the person in front of the client; without it the client cannot be asked. */
  readonly elicit?: (question: Question) => ElicitAnswer | Promise<ElicitAnswer>;
  /** Answers for the model behind the client; without it the client has none. */
  readonly sample?: (prompt: string) => string;
  readonly onLog?: (log: { readonly level: string; readonly data: unknown }) => void;
  /** Told of each resource that the client follows. */
  readonly onUpdated?: (uri: string) => void;
}

export interface StdioProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface Question {
  readonly message: string;
  readonly requestedSchema?: unknown;
}

export interface ElicitAnswer {
  readonly action: 'accept' | 'decline' | 'cancel';
  readonly content?: Record<string, string | number | boolean | string[]>;
}

/** All that it takes to connect one client. */
export interface Way {
  readonly transport: TransportKind;
  readonly server: ConnectTo;
  readonly token: string;
  readonly options: ConnectOptions;
}

export const LIST_CHANGES = [
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/resources/list_changed',
] as const;

/** What the client says it can be asked. */
export function abilities({ elicit, sample }: ConnectOptions) {
  return { ...(elicit && { elicitation: {} }), ...(sample && { sampling: {} }) };
}

export function clientInfo({ name = 'exai-tests' }: ConnectOptions) {
  return { name, version: '1.0.0' };
}

export function callParams(name: string, args: Record<string, unknown>, meta: Record<string, unknown> = {}) {
  return { name, arguments: args, ...(Object.keys(meta).length > 0 && { _meta: meta }) };
}

/** A model's answer, to the only message that was put to it. */
export function completion(
  sample: (prompt: string) => string,
  messages: readonly { readonly content: unknown }[],
) {
  const content = messages[0]?.content;
  const prompt = typeof content === 'object' && content !== null && 'text' in content ? content.text : '';
  const text = sample(String(prompt));
  return {
    role: 'assistant' as const,
    content: { type: 'text' as const, text },
    model: 'tests',
    stopReason: 'endTurn',
  };
}
