import { fieldsOf, keyOf, type ClientRequest, type Fields, type RequestId } from './message.js';

/** A message of the client, and since when it is here. */
export interface ClientLine {
  readonly line: string;
  readonly request?: ClientRequest;
  readonly since: number;
  /** Told of the thread that the call belongs to, once its answer names it. */
  readonly onThread?: (continuationId: string) => void;
}

export interface InFlight extends ClientLine {
  readonly request: ClientRequest;
  callId?: string;
}

/** Requests that the present socket has taken and not answered. */
export class CallsInFlight {
  private readonly entries = new Map<string, InFlight>();

  add(entry: InFlight): void {
    this.entries.set(keyOf(entry.request.id), entry);
  }

  /** Undefined when nobody waits for an answer under this id: cancelled, or answered before. */
  take(id: RequestId): InFlight | undefined {
    const entry = this.entries.get(keyOf(id));
    this.entries.delete(keyOf(id));
    return entry;
  }

  takeAll(): InFlight[] {
    const all = [...this.entries.values()];
    this.entries.clear();
    return all;
  }

  /** An open subscription has no end of its own and does not count. */
  get isEmpty(): boolean {
    return [...this.entries.values()].every(({ request }) => request.method === 'subscriptions/listen');
  }

  /** Progress may carry the id under which the gateway knows the call. */
  noteProgress(params: Fields): void {
    const callId = fieldsOf(params['_meta'])['io.exai/callId'];
    if (typeof callId !== 'string') return;
    for (const entry of this.entries.values()) {
      if (entry.request.progressToken === params['progressToken']) entry.callId = callId;
    }
  }
}
