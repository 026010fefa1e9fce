import { figure, percentile } from '../stats.js';
import { type McpSocket, type Reply } from '../websocket-client.js';

/** One chat call and what came of it. */
export interface Chat {
  /** Answered without error and with the text that was asked, and with no other call's. */
  readonly ok: boolean;
  readonly ms: number;
  /** The simulator knows its requests by it. */
  readonly correlationId: string;
  readonly problem: string | undefined;
}

export interface Chats {
  /** Answers so far. */
  readonly answered: () => number;
  readonly all: Promise<Chat[]>;
}

const MARKER = /marker-(\d+)-end/g;

/** Sends `count` chat calls at once, spread over the sockets; the model repeats what it is asked, so each answer is known. */
export function sendChats(sockets: readonly McpSocket[], count: number, latencyMs: number): Chats {
  let answered = 0;
  const send = async (index: number): Promise<Chat> => {
    const socket = sockets[index % sockets.length] as McpSocket;
    const prompt = `[[sim: latency(${latencyMs}), echo]] marker-${index}-end`;
    const sentAt = performance.now();
    const reply = await socket.call('chat', { prompt });
    answered += 1;
    return chatOf(reply, index, performance.now() - sentAt);
  };
  const all = Promise.all(Array.from({ length: count }, (_, index) => send(index)));
  return { answered: () => answered, all };
}

function chatOf({ result, error }: Reply, index: number, ms: number): Chat {
  const content = JSON.stringify(result?.structuredContent?.['content'] ?? '');
  const markers = [...content.matchAll(MARKER)].map(([, number]) => Number(number));
  const isOwn = markers.length > 0 && markers.every((marker) => marker === index);
  const ok = !error && result?.isError !== true && isOwn;
  const problem = ok
    ? undefined
    : (error?.message ?? result?.content?.[0]?.text ?? 'no answer').slice(0, 200);
  return { ok, ms, correlationId: String(result?._meta?.['io.exai/correlationId']), problem };
}

/** Answers beyond the first, of all requests. */
export function surplusAnswers(sockets: readonly McpSocket[]): number {
  const counts = sockets.flatMap((socket) => [...socket.answers.values()]);
  return counts.reduce((sum, count) => sum + count - 1, 0);
}

export function describeChats(chats: readonly Chat[]): string {
  const good = chats.filter(({ ok }) => ok).length;
  const times = chats.map(({ ms }) => ms);
  const problem = chats.find(({ ok }) => !ok)?.problem;
  return (
    `${good}/${chats.length} answered with their own text, all within ${figure(Math.max(...times) / 1_000)} s, ` +
    `p50 ${figure(percentile(times, 50))} ms, p95 ${figure(percentile(times, 95))} ms` +
    (problem === undefined ? '' : `; first problem: ${problem}`)
  );
}
