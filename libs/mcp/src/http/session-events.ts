import {
  type EventId,
  type EventStore,
  type JSONRPCMessage,
  type StreamId,
} from '@modelcontextprotocol/server';

const MAX_EVENTS = 1_000;
const MAX_BYTES = 8 * 1_048_576;
const KEPT_MS = 10 * 60_000;
/** Ids of one length sort as they were given; a session does not live to see the last one. */
const ID_DIGITS = 10;

interface StoredEvent {
  readonly stream: StreamId;
  readonly message: JSONRPCMessage;
  readonly bytes: number;
  readonly at: number;
}

/**
 * What a session of a 2025 revision has been sent, for clients that lose a stream and come back with `Last-Event-ID`.
 * In this process, as the session itself; the oldest are forgotten beyond 1,000 events, 8 MiB or ten minutes.
 */
export class SessionEvents implements EventStore {
  /** By number; without gaps from `oldest` to `newest`. */
  private readonly events = new Map<number, StoredEvent>();
  private oldest = 1;
  private newest = 0;
  private bytes = 0;

  storeEvent(stream: StreamId, message: JSONRPCMessage): Promise<EventId> {
    const event = { stream, message, bytes: approximateBytes(message), at: Date.now() };
    this.newest += 1;
    this.events.set(this.newest, event);
    this.bytes += event.bytes;
    this.forget();
    return Promise.resolve(idOf(this.newest));
  }

  getStreamIdForEventId(id: EventId): Promise<StreamId | undefined> {
    this.forget();
    return Promise.resolve(this.find(id)?.stream);
  }

  async replayEventsAfter(
    lastId: EventId,
    { send }: { send: (id: EventId, message: JSONRPCMessage) => Promise<void> },
  ): Promise<StreamId> {
    const stream = this.find(lastId)?.stream;
    if (stream === undefined) throw new Error('This event is no longer kept.');
    const until = this.newest;
    for (let number = Number(lastId) + 1; number <= until; number += 1) {
      const event = this.events.get(number);
      // What opens a stream is no message.
      if (event?.stream === stream && 'jsonrpc' in event.message) await send(idOf(number), event.message);
    }
    return stream;
  }

  /** Drops what is too old or too much; called now and then for sessions that are quiet. */
  forget(): void {
    const since = Date.now() - KEPT_MS;
    for (let event = this.events.get(this.oldest); event; event = this.events.get(this.oldest)) {
      const isTooMuch = this.events.size > MAX_EVENTS || this.bytes > MAX_BYTES;
      if (!isTooMuch && event.at >= since) return;
      this.bytes -= event.bytes;
      this.events.delete(this.oldest);
      this.oldest += 1;
    }
  }

  private find(id: EventId): StoredEvent | undefined {
    const number = Number(id);
    return idOf(number) === id ? this.events.get(number) : undefined;
  }
}

function idOf(number: number): EventId {
  return String(number).padStart(ID_DIGITS, '0');
}

/** Near enough for a limit, and far cheaper than to serialise every message once more. */
function approximateBytes(value: unknown): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 8;
  let bytes = 2;
  for (const key in value) {
    bytes += key.length + 4 + approximateBytes((value as Record<string, unknown>)[key]);
  }
  return bytes;
}
