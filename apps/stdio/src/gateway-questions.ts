import { fieldsOf, keyOf, type Fields, type RequestId } from './message.js';

interface Question {
  readonly shown: RequestId;
  /** As the gateway numbers it, from nothing on each socket. */
  readonly id: RequestId;
}

/**
 * Requests of the gateway to the client, such as elicitations. Each socket numbers its own, so after the first one
 * they are shown under ids of their own: the answer to a question of a lost socket must not answer another one.
 */
export class GatewayQuestions {
  private readonly open = new Map<string, Question>();
  private sockets = 1;

  /** @returns the request as the client gets it */
  ask(text: string, id: RequestId): string {
    const shown = this.sockets === 1 ? id : `exai-${this.sockets}-${keyOf(id)}`;
    this.open.set(keyOf(shown), { shown, id });
    return shown === id ? text : withFields(text, () => ({ id: shown }));
  }

  /** @returns the answer as the gateway gets it; undefined when it has asked no such question on this socket */
  answer(line: string, id: RequestId): string | undefined {
    const question = this.open.get(keyOf(id));
    this.open.delete(keyOf(id));
    if (!question || question.shown === question.id) return question && line;
    return withFields(line, () => ({ id: question.id }));
  }

  /** The gateway takes a question back. @returns its notification as the client gets it */
  withdraw(text: string, id: unknown): string {
    const question = [...this.open.values()].find((one) => one.id === id);
    if (!question) return text;
    this.open.delete(keyOf(question.shown));
    return withFields(text, ({ params }) => ({ params: { ...fieldsOf(params), requestId: question.shown } }));
  }

  /** The socket is gone. @returns what tells the client that nobody waits for these answers */
  lose(): readonly string[] {
    const lines = [...this.open.values()].map(({ shown }) =>
      JSON.stringify({
        jsonrpc: '2.0',
        method: 'notifications/cancelled',
        params: { requestId: shown, reason: 'the connection to the gateway was lost; it will ask again' },
      }),
    );
    this.open.clear();
    this.sockets += 1;
    return lines;
  }
}

function withFields(text: string, change: (message: Fields) => Fields): string {
  const message = JSON.parse(text) as Fields;
  return JSON.stringify({ ...message, ...change(message) });
}
