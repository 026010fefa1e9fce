import { type ClientRequest } from './message.js';

/** A message of the client, and since when it is here. */
export interface ClientLine {
  readonly line: string;
  readonly request?: ClientRequest;
  readonly since: number;
  /** Told of the thread that the call belongs to, once its answer names it. */
  readonly onThread?: (continuationId: string) => void;
}

export interface ClientCall extends ClientLine {
  readonly request: ClientRequest;
  /** Of a `tools/call`: under it the gateway takes a call that is sent again for the same one. */
  readonly key?: string;
  /** How many sockets have taken it and not refused it; after the first it may have been accepted. */
  sends: number;
  /** Under which the gateway knows the call. */
  callId?: string;
  /** Highest progress that the client has seen. */
  progress?: number;
  /** The client knows that its subscription stands. */
  acknowledged?: boolean;
}

/** To ask these again has the effect of asking once; so has a `tools/call` under its key. */
const REPEATABLE = new Set([
  'initialize',
  'server/discover',
  'ping',
  'tools/list',
  'tools/call',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'completion/complete',
  'logging/setLevel',
  'subscriptions/listen',
  'tasks/get',
  'tasks/update',
  'tasks/cancel',
]);

export function isRepeatable({ request }: ClientCall): boolean {
  return REPEATABLE.has(request.method);
}

export function isCall(entry: ClientLine): entry is ClientCall {
  return entry.request !== undefined;
}
