import { REPLAY_ID } from './handshake.js';
import { type ClientRequest, type Fields, type RequestId } from './message.js';

const SUBSCRIPTION_ID = 'io.modelcontextprotocol/subscriptionId';

const LISTS = [
  ['toolsListChanged', 'tools'],
  ['promptsListChanged', 'prompts'],
  ['resourcesListChanged', 'resources'],
] as const;

/** What a socket of the 2025 revisions keeps for its client beside the handshake; the next one must be told again. */
export class SocketMemory {
  private level: string | undefined;
  private readonly subscriptions = new Map<string, string>();

  /** The gateway has done what `line` asks for. */
  note(line: string, { method, uri }: ClientRequest): void {
    if (method === 'logging/setLevel') this.level = line;
    if (uri === undefined) return;
    if (method === 'resources/subscribe') this.subscriptions.set(uri, line);
    else this.subscriptions.delete(uri);
  }

  /** Requests for a new socket, under ids whose answers are for nobody. */
  replayLines(): readonly string[] {
    const lines = [...(this.level === undefined ? [] : [this.level]), ...this.subscriptions.values()];
    return lines.map((line, index) =>
      JSON.stringify({ ...(JSON.parse(line) as Fields), id: `${REPLAY_ID}-${index}` }),
    );
  }

  /** What may have changed while there was no socket, as notifications for the client. */
  missedChanges(): readonly string[] {
    return changesOf({
      toolsListChanged: true,
      promptsListChanged: true,
      resourcesListChanged: true,
      resourceSubscriptions: [...this.subscriptions.keys()],
    });
  }
}

/**
 * One notification for each thing that `filter` names.
 * @param filter of `subscriptions/listen`
 * @param subscription id of that request
 */
export function changesOf(filter: Fields, subscription?: RequestId): readonly string[] {
  const _meta = subscription === undefined ? undefined : { [SUBSCRIPTION_ID]: subscription };
  const uris = filter['resourceSubscriptions'];
  const changes = [
    ...LISTS.filter(([field]) => filter[field] === true).map(([, list]) => ({
      method: `notifications/${list}/list_changed`,
      params: { _meta },
    })),
    ...(Array.isArray(uris) ? uris : []).map((uri: unknown) => ({
      method: 'notifications/resources/updated',
      params: { _meta, uri },
    })),
  ];
  return changes.map((change) => JSON.stringify({ jsonrpc: '2.0', ...change }));
}

/** The subscription that a notification belongs to. */
export function subscriptionOf(meta: Fields): RequestId | undefined {
  const id = meta[SUBSCRIPTION_ID];
  return typeof id === 'string' || typeof id === 'number' ? id : undefined;
}
