import type { IncomingHttpHeaders } from 'node:http';
import { hashCredential } from './credentials.js';

/** One request as the simulator saw it: the oracle for "how often was it executed". */
export interface RequestLogEntry {
  readonly seq: number;
  /** Arrival, milliseconds since the epoch. */
  readonly t: number;
  readonly method: string;
  readonly path: string;
  /** A request for an answer of a model, not for files, model lists and the like. */
  readonly isChat: boolean;
  readonly model: string | null;
  /** The `x-request-id` sent, by which the attempts of one call are found. */
  readonly requestId: string;
  /** How many requests carried this request id so far. */
  readonly attempt: number;
  readonly idempotencyKey: string | null;
  /** First 8 hex digits of the SHA-256 of the Authorization (or x-api-key) header. */
  readonly authHash: string | null;
  readonly stream: boolean;
  /** Media types of the images that came with the question. */
  readonly images: readonly string[];
  readonly behaviour: string;
  /** Null while no response head was sent. */
  status: number | null;
  /** Bytes of the response body. */
  bytesOut: number;
  /** The client went away before the answer ended. */
  aborted: boolean;
  /** The simulator broke the connection itself. */
  cut: boolean;
  finishedAt: number | null;
}

export type NewRequest = Pick<
  RequestLogEntry,
  'method' | 'path' | 'isChat' | 'model' | 'requestId' | 'attempt' | 'stream' | 'behaviour'
> &
  Partial<Pick<RequestLogEntry, 'images'>>;

const CAPACITY = 50_000;

/** A ring of the newest requests. */
export class RequestLog {
  private readonly ring: RequestLogEntry[] = [];
  private lastSeq = 0;
  private clearedUpTo = 0;

  constructor(private readonly capacity = CAPACITY) {}

  add(request: NewRequest, headers: IncomingHttpHeaders): RequestLogEntry {
    const seq = ++this.lastSeq;
    const key = headers['idempotency-key'];
    const entry: RequestLogEntry = {
      seq,
      t: Date.now(),
      images: [],
      ...request,
      idempotencyKey: typeof key === 'string' ? key : null,
      authHash: hashCredential(headers),
      status: null,
      bytesOut: 0,
      aborted: false,
      cut: false,
      finishedAt: null,
    };
    this.ring[seq % this.capacity] = entry;
    return entry;
  }

  since(seq: number): RequestLogEntry[] {
    const entries: RequestLogEntry[] = [];
    const first = Math.max(seq, this.clearedUpTo, this.lastSeq - this.capacity) + 1;
    for (let next = first; next <= this.lastSeq; next++) {
      const entry = this.ring[next % this.capacity];
      if (entry) entries.push(entry);
    }
    return entries;
  }

  clear(): void {
    this.ring.length = 0;
    this.clearedUpTo = this.lastSeq;
  }
}

/** The id the vendor itself gives to a request, found again by its `seq`. */
export function vendorRequestId(entry: RequestLogEntry): string {
  return `req_sim_${entry.seq}`;
}
