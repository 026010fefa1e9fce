// Ways a stream of server-sent events goes wrong, or is unusual but right.
import { answer, writePaced } from './send-answer.js';
import type { Exchange } from './exchange.js';
import { OVERLOADED } from './vendor-errors.js';

const MULTI_BYTE = ' Ünïcödé, 日本語, 🙂.';

/** All the text, but neither a finish reason nor `[DONE]`. */
export async function endWithoutDone(exchange: Exchange): Promise<void> {
  if (!exchange.request.stream) return answer(exchange);
  const { opening, content } = exchange.answerFrames();
  await start(exchange, opening, content);
  exchange.end();
}

/** Half of the text, then an error where a chunk should be. */
export async function breakOffWithError(exchange: Exchange): Promise<void> {
  if (!exchange.request.stream) return answer(exchange);
  const { opening, content } = exchange.answerFrames();
  await start(exchange, opening, firstHalf(content));
  await exchange.write(exchange.errorFrame(OVERLOADED));
  exchange.end();
}

/** A connection that looks alive but never carries a token. */
export async function sendCommentsOnly(exchange: Exchange, intervalMs: number): Promise<void> {
  if (!exchange.request.stream) return answer(exchange);
  exchange.beginStream();
  for (;;) {
    await exchange.write(': keep-alive\n\n');
    // A zero would turn the loop into a flood.
    await exchange.pause(Math.max(intervalMs, 1));
  }
}

/** Characters of several bytes arrive in different packets. */
export async function splitCharacters(exchange: Exchange): Promise<void> {
  const text = /[^\0-\x7f]{2}/.test(exchange.answer.text)
    ? exchange.answer.text
    : exchange.answer.text + MULTI_BYTE;
  const whole = { ...exchange.answer, text };
  exchange.beginBody();
  await writeSplit(exchange, exchange.wire(whole));
  exchange.end();
}

/** CRLF is a legal line end for server-sent events. */
export async function endLinesWithCrlf(exchange: Exchange): Promise<void> {
  if (!exchange.request.stream) return answer(exchange);
  const { opening, content, closing } = exchange.answerFrames();
  exchange.beginStream();
  const frames = [...opening, ...content, ...closing].map((frame) => frame.replaceAll('\n', '\r\n'));
  await writePaced(exchange, frames, exchange.settings.delayMs);
  exchange.end();
}

/** The mark is no part of the first field name; readers of server-sent events drop it. */
export async function beginWithByteOrderMark(exchange: Exchange): Promise<void> {
  if (!exchange.request.stream) return answer(exchange);
  await exchange.sendWire(`\uFEFF${exchange.wire()}`);
}

/**
 * A proxy that sends events twice: the last piece of content and the event with the finish reason. Part 1 repeats
 * the content only, which nobody can tell from a model that repeats itself; part 2 the finish reason only.
 */
export async function repeatChunks(exchange: Exchange, part: number): Promise<void> {
  if (!exchange.request.stream) return answer(exchange);
  const { opening, content, closing } = exchange.answerFrames();
  const last = content.findLastIndex((frame) => frame.includes('delta'));
  const twice = (frame: string): readonly string[] => [frame, frame];
  const frames = [
    ...content.flatMap((frame, index) => (part !== 2 && index === last ? twice(frame) : frame)),
    ...closing.flatMap((frame, index) => (part !== 1 && index === 0 ? twice(frame) : frame)),
  ];
  await start(exchange, opening, frames);
  exchange.end();
}

export function firstHalf(content: readonly string[]): readonly string[] {
  return content.slice(0, Math.ceil(content.length / 2));
}

async function start(
  exchange: Exchange,
  opening: readonly string[],
  content: readonly string[],
): Promise<void> {
  exchange.beginStream();
  await exchange.write(opening.join(''));
  await writePaced(exchange, content, exchange.settings.delayMs);
}

async function writeSplit(exchange: Exchange, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  let from = 0;
  for (let index = 1; index < bytes.length; index++) {
    const isContinuation = ((bytes[index] ?? 0) & 0xc0) === 0x80;
    if (!isContinuation) continue;
    await exchange.write(bytes.subarray(from, index));
    // Time for the bytes to leave in a packet of their own.
    await exchange.pause(1);
    from = index;
  }
  await exchange.write(bytes.subarray(from));
}
