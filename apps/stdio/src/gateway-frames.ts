import { type CallsInFlight } from './calls-in-flight.js';
import { type ClientCall } from './client-line.js';
import { GatewayQuestions } from './gateway-questions.js';
import { REPLAY_ID, type Handshake } from './handshake.js';
import { fieldsOf, LISTEN, readMessage, type Fields, type Message, type RequestId } from './message.js';
import { changesOf, SocketMemory, subscriptionOf } from './socket-memory.js';

/** What a frame of the gateway comes to. */
export interface ReadFrame {
  /** For the client. */
  readonly lines: readonly string[];
  /** The handshake was repeated; whether the gateway took it. */
  readonly replayed?: boolean;
  /** To be sent again on the next socket: this gateway takes nothing on any more. */
  readonly refused?: ClientCall;
}

type Response = Message & { readonly kind: 'response' };

/** Frames of the gateway on their way to the client, which must not notice that they come from several sockets. */
export class GatewayFrames {
  private readonly questions = new GatewayQuestions();
  private readonly memory = new SocketMemory();
  private hasLost = false;

  constructor(
    private readonly handshake: Handshake,
    private readonly inFlight: CallsInFlight,
  ) {}

  read(text: string): ReadFrame {
    const message = readMessage(text);
    // A line break between JSON tokens is legal in a frame and would be the end of a line here.
    const line = text.includes('\n') ? JSON.stringify(JSON.parse(text)) : text;
    switch (message.kind) {
      case 'response':
        return message.id === null ? { lines: [line] } : this.readResponse(line, message, message.id);
      case 'request':
        return { lines: [this.questions.ask(line, message.request.id)] };
      case 'notification':
        return { lines: this.readNotification(line, message.method, message.params) };
      case 'unreadable':
        return { lines: [line] };
    }
  }

  /** @returns the client's answer to a question of the gateway, as it is sent; undefined = nobody waits for it */
  answerOf(line: string, id: RequestId): string | undefined {
    return this.questions.answer(line, id);
  }

  /** The socket is gone. @returns what the client has to know of it */
  lose(): readonly string[] {
    this.hasLost = true;
    return this.questions.lose();
  }

  /** What a new socket of the 2025 revisions hears after the handshake. */
  replayLines(): readonly string[] {
    return this.memory.replayLines();
  }

  /** What a client of the 2025 revisions has to read again: its gateway may be another one now. */
  missedChanges(): readonly string[] {
    return this.hasLost ? this.memory.missedChanges() : [];
  }

  private readResponse(line: string, { ok, continuationId, errorCode }: Response, id: RequestId): ReadFrame {
    if (id === REPLAY_ID) return { lines: [], replayed: ok };
    const answered = this.inFlight.take(id);
    // Cancelled or answered before: a second answer would confuse the client. So would one to our own requests.
    if (!answered) return { lines: [] };
    const { request } = answered;
    if (request.method === LISTEN && ok && answered.acknowledged) return { lines: [], refused: answered };
    if (answered.key !== undefined && errorCode === 'DRAINING') {
      answered.sends -= 1;
      return { lines: [], refused: answered };
    }
    if (ok && request.method === 'initialize') this.handshake.settle();
    if (ok) this.memory.note(answered.line, request);
    if (continuationId !== undefined) answered.onThread?.(continuationId);
    return { lines: [line] };
  }

  private readNotification(line: string, method: string, params: Fields): readonly string[] {
    switch (method) {
      case 'notifications/progress': {
        const progress = this.inFlight.noteProgress(params);
        return [progress === undefined ? line : withParams(line, { progress })];
      }
      case 'notifications/cancelled':
        return [this.questions.withdraw(line, params['requestId'])];
      case 'notifications/subscriptions/acknowledged':
        return this.readAcknowledgement(line, subscriptionOf(fieldsOf(params['_meta'])));
      default:
        return [line];
    }
  }

  /** The client hears it once; of a subscription that was opened again it hears what it may have missed. */
  private readAcknowledgement(line: string, id: RequestId | undefined): readonly string[] {
    const entry = id === undefined ? undefined : this.inFlight.find(id);
    if (!entry?.acknowledged) {
      if (entry) entry.acknowledged = true;
      return [line];
    }
    return changesOf(entry.request.filter ?? {}, id);
  }
}

function withParams(line: string, params: Fields): string {
  const message = JSON.parse(line) as Fields;
  return JSON.stringify({ ...message, params: { ...fieldsOf(message['params']), ...params } });
}
