export type RequestId = string | number;

/** As much of a JSON-RPC message as the shim has to know; the message itself travels as it came. */
export type Message =
  | { readonly kind: 'request'; readonly request: ClientRequest }
  | { readonly kind: 'notification'; readonly method: string; readonly params: Fields }
  | {
      readonly kind: 'response';
      readonly id: RequestId | null;
      readonly ok: boolean;
      /** Of the thread that a call has opened or continued. */
      readonly continuationId?: string;
      /** Code of the catalogue, of an error of the gateway. */
      readonly errorCode?: string;
    }
  | { readonly kind: 'unreadable'; readonly code: 'PARSE_ERROR' | 'INVALID_REQUEST' };

export interface ClientRequest {
  readonly id: RequestId;
  readonly method: string;
  /** Tool of a `tools/call`. */
  readonly tool?: string;
  readonly progressToken?: RequestId;
  /** It carries the envelope of 2026-07-28, so its result needs a `resultType`. */
  readonly modern: boolean;
  /** Version asked for by `initialize`. */
  readonly protocolVersion?: string;
  /** The caller's own limit of a `tools/call`. */
  readonly timeoutMs?: number;
  /** Of `resources/subscribe` and `resources/unsubscribe`. */
  readonly uri?: string;
  /** What `subscriptions/listen` wants to hear. */
  readonly filter?: Fields;
}

export type Fields = Readonly<Record<string, unknown>>;

/** Keys of `_meta` that the gateway understands. */
export const META = {
  idempotencyKey: 'io.exai/idempotencyKey',
  answerWithinMs: 'io.exai/answerWithinMs',
  waitedMs: 'io.exai/waitedMs',
  timeoutMs: 'io.exai/timeoutMs',
  callId: 'io.exai/callId',
} as const;

export const LISTEN = 'subscriptions/listen';

const MODERN_VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';

export function readMessage(text: string): Message {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { kind: 'unreadable', code: 'PARSE_ERROR' };
  }
  const fields = fieldsOf(parsed);
  const { id, method } = fields;
  if (fields['jsonrpc'] !== '2.0' || Array.isArray(parsed)) {
    return { kind: 'unreadable', code: 'INVALID_REQUEST' };
  }
  const params = fieldsOf(fields['params']);
  if (typeof method === 'string') {
    if (isId(id)) return { kind: 'request', request: requestOf(id, method, params) };
    if (id === undefined) return { kind: 'notification', method, params };
  } else if ((isId(id) || id === null) && ('result' in fields || 'error' in fields)) {
    const { continuation_id: continuationId } = fieldsOf(fieldsOf(fields['result'])['structuredContent']);
    const { code: errorCode } = fieldsOf(fieldsOf(fields['error'])['data']);
    return {
      kind: 'response',
      id,
      ok: 'result' in fields,
      ...(typeof continuationId === 'string' && { continuationId }),
      ...(typeof errorCode === 'string' && { errorCode }),
    };
  }
  return { kind: 'unreadable', code: 'INVALID_REQUEST' };
}

function requestOf(id: RequestId, method: string, params: Fields): ClientRequest {
  const meta = fieldsOf(params['_meta']);
  const { name, protocolVersion, uri, notifications } = params;
  const { progressToken, [META.timeoutMs]: timeoutMs } = meta;
  return {
    id,
    method,
    modern: typeof meta[MODERN_VERSION_KEY] === 'string',
    ...(method === 'tools/call' && typeof name === 'string' && { tool: name }),
    ...(isId(progressToken) && { progressToken }),
    ...(method === 'initialize' && typeof protocolVersion === 'string' && { protocolVersion }),
    ...(typeof timeoutMs === 'number' && timeoutMs > 0 && { timeoutMs }),
    ...(/^resources\/(un)?subscribe$/.test(method) && typeof uri === 'string' && { uri }),
    ...(method === LISTEN && { filter: fieldsOf(notifications) }),
  };
}

export function isId(value: unknown): value is RequestId {
  return typeof value === 'string' || typeof value === 'number';
}

/** `1` and `"1"` are different ids. */
export function keyOf(id: RequestId): string {
  return JSON.stringify(id);
}

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
