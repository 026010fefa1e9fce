// Responses that are broken as HTTP or as a document, streamed or not.
import { sendAnswer } from './send-answer.js';
import type { Exchange } from './exchange.js';
import { firstHalf } from './stream-faults.js';

const EVENT_STREAM = { 'content-type': 'text/event-stream' };
const FLUSH_MS = 10;
const MISSING_BYTES = 64;

export function sendHtml(exchange: Exchange, status: number, title: string): void {
  const page = `<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
  exchange.send(status, page, { 'content-type': 'text/html' });
}

export function sendBadJson(exchange: Exchange): void {
  const body = exchange.answerText();
  const broken = body.slice(0, Math.floor(body.length / 2));
  if (exchange.request.stream) exchange.send(200, `data: ${broken}\n\n`, EVENT_STREAM);
  else exchange.send(200, broken);
}

export function sendNothing(exchange: Exchange): void {
  exchange.send(200, '', exchange.request.stream ? EVENT_STREAM : {});
}

export function sendNoChoices(exchange: Exchange): Promise<void> {
  return sendAnswer(exchange, { ...exchange.answer, isEmpty: true, completionTokens: 0 });
}

/** Accepts the request and starts a response whose head never ends. */
export function hangInHeaders(exchange: Exchange): Promise<void> {
  exchange.writeRaw('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n');
  return exchange.hang();
}

export async function hangInBody(exchange: Exchange): Promise<void> {
  await sendHalf(exchange);
  await exchange.hang();
}

export async function cutBody(exchange: Exchange): Promise<void> {
  await sendHalf(exchange);
  // A reset overtakes bytes that are still in the buffers.
  await exchange.pause(FLUSH_MS);
  exchange.resetConnection();
}

/** The whole answer, but the head promised more. */
export async function sendShortBody(exchange: Exchange): Promise<void> {
  const body = exchange.wire();
  exchange.beginBody({ 'content-length': Buffer.byteLength(body) + MISSING_BYTES });
  await exchange.write(body);
  exchange.closeConnection();
}

export async function sendByteByByte(exchange: Exchange, intervalMs: number): Promise<void> {
  const bytes = Buffer.from(exchange.wire());
  exchange.beginBody();
  for (let index = 0; index < bytes.length; index++) {
    await exchange.write(bytes.subarray(index, index + 1));
    await exchange.pause(intervalMs);
  }
  exchange.end();
}

async function sendHalf(exchange: Exchange): Promise<void> {
  if (exchange.request.stream) {
    const { opening, content } = exchange.answerFrames();
    exchange.beginStream();
    await exchange.write([...opening, ...firstHalf(content)].join(''));
    return;
  }
  const body = Buffer.from(exchange.answerText());
  exchange.beginBody({ 'content-length': body.length });
  await exchange.write(body.subarray(0, body.length / 2));
}
