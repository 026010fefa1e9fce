import { SERVER_INTRODUCTION } from '#libs/config';
import { type ClientRequest } from './message.js';

/** No client uses it: ids of clients are numbers or their own strings. */
export const REPLAY_ID = 'exai-stdio-replay';

const LEGACY_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07'] as const;

/**
 * The legacy `initialize` exchange of this client. Its server side lives in one socket, so a new socket has to
 * hear it again while the client must not notice. Revision 2026-07-28 has none, and nothing is replayed.
 */
export class Handshake {
  private initialize: { readonly line: string; readonly request: ClientRequest } | undefined;
  private initialized: string | undefined;
  private answered = false;

  remember(line: string, request: ClientRequest): void {
    this.initialize = { line, request };
    this.initialized = undefined;
    this.answered = false;
  }

  rememberInitialized(line: string): void {
    this.initialized = line;
  }

  /** The client has its answer, from the gateway or from here. */
  settle(): void {
    this.answered = true;
  }

  /** What a new socket has to hear first, or undefined when nothing. */
  replayLine(): string | undefined {
    if (!this.initialize || !this.answered) return undefined;
    const message = JSON.parse(this.initialize.line) as Record<string, unknown>;
    return JSON.stringify({ ...message, id: REPLAY_ID });
  }

  /** To be sent once the replay is answered; absent when the client has not sent it yet. */
  get initializedLine(): string | undefined {
    return this.answered ? this.initialized : undefined;
  }
}

/**
 * The answer to `initialize` for a client that would give up before its gateway has started. It promises what the
 * gateway of this same package promises; the end-to-end suite compares the two.
 */
export function earlyAnswer({ id, protocolVersion }: ClientRequest): string {
  const known = LEGACY_VERSIONS.find((version) => version === protocolVersion);
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    result: {
      protocolVersion: known ?? LEGACY_VERSIONS[0],
      ...SERVER_INTRODUCTION,
    },
  });
}
