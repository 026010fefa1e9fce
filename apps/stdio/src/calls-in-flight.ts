import { type ClientCall } from './client-line.js';
import { fieldsOf, isId, keyOf, LISTEN, META, type Fields, type RequestId } from './message.js';

/** Too small to be seen, and enough to rise. */
const SMALLEST_STEP = 0.001;

/** Requests that the present socket has taken and not answered. */
export class CallsInFlight {
  private readonly entries = new Map<string, ClientCall>();

  add(entry: ClientCall): void {
    this.entries.set(keyOf(entry.request.id), entry);
  }

  find(id: RequestId): ClientCall | undefined {
    return this.entries.get(keyOf(id));
  }

  /** Undefined when nobody waits for an answer under this id: cancelled, or answered before. */
  take(id: RequestId): ClientCall | undefined {
    const entry = this.find(id);
    this.entries.delete(keyOf(id));
    return entry;
  }

  takeAll(): ClientCall[] {
    const all = [...this.entries.values()];
    this.entries.clear();
    return all;
  }

  /** An open subscription has no end of its own and does not count. */
  get isEmpty(): boolean {
    return [...this.entries.values()].every(({ request }) => request.method === LISTEN);
  }

  /**
   * Progress may carry the id under which the gateway knows the call, and begins again when the call was sent again.
   * @returns the value to show instead, when the client has seen this one or a higher one already
   */
  noteProgress(params: Fields): number | undefined {
    const { progressToken, progress } = params;
    const entry = isId(progressToken) ? this.findByToken(progressToken) : undefined;
    if (!entry || typeof progress !== 'number') return undefined;
    const callId = fieldsOf(params['_meta'])[META.callId];
    // Of a call that was sent again, later ids may be those of the repetition.
    if (typeof callId === 'string') entry.callId ??= callId;
    const seen = entry.progress;
    const rises = seen === undefined || progress > seen;
    entry.progress = rises ? progress : seen + SMALLEST_STEP;
    return rises ? undefined : entry.progress;
  }

  private findByToken(token: RequestId): ClientCall | undefined {
    for (const entry of this.entries.values()) {
      if (entry.request.progressToken === token) return entry;
    }
    return undefined;
  }
}
