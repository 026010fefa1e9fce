import { ExaiError } from '#libs/errors';
import { SseParser } from './sse-parser.js';

/** Decoded bytes of one answer; past this the request is given up. */
const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;

const DONE = '[DONE]';
/** A body normally ends together with its last event; waiting this long for it keeps the connection reusable. */
const END_GRACE_MS = 100;

type BodyReader = ReadableStreamDefaultReader<Uint8Array>;

/** The whole body as text. Leaves nothing open, whatever happens. */
export async function readText(response: Response, limit = MAX_RESPONSE_BYTES): Promise<string> {
  let text = '';
  for await (const piece of readPieces(response, limit)) text += piece;
  return text;
}

/** The data of each server-sent event, up to `[DONE]` or the end. Leaves nothing open, whatever happens. */
export async function* readEvents(response: Response): AsyncGenerator<string> {
  const parser = new SseParser();
  for await (const piece of readPieces(response, MAX_RESPONSE_BYTES)) {
    for (const event of parser.push(piece)) {
      if (event.trimEnd() === DONE) return;
      if (event !== '') yield event;
    }
  }
  for (const event of parser.end()) {
    if (event !== '' && event.trimEnd() !== DONE) yield event;
  }
}

/** The body as it comes. Leaves nothing open, whatever happens. */
export async function* readBytes(response: Response, limit: number): AsyncGenerator<Uint8Array> {
  if (!response.body) return;
  const reader = response.body.getReader() as BodyReader;
  let total = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      total += value.byteLength;
      if (total > limit) throw new ExaiError('OUTPUT_TOO_LARGE', { limit: `${Math.ceil(limit / 1024)} KiB` });
      yield value;
    }
  } finally {
    await cancel(reader);
  }
}

async function* readPieces(response: Response, limit: number): AsyncGenerator<string> {
  if (!response.body) return;
  const reader = response.body.getReader() as BodyReader;
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let total = 0;
  let failed = true;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      total += value.byteLength;
      if (total > limit) throw new ExaiError('OUTPUT_TOO_LARGE', { limit: `${limit / 1024} KiB` });
      const piece = decoder.decode(value, { stream: true });
      failed = false;
      if (piece !== '') yield piece;
      failed = true;
    }
    const end = decoder.decode();
    if (end !== '') yield end;
  } finally {
    await (failed ? cancel(reader) : finish(reader));
  }
}

/** After the last event that matters: lets a body that is about to end do so, closes any other. */
async function finish(reader: BodyReader): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, END_GRACE_MS);
  });
  await Promise.race([reader.read().catch(() => undefined), late]);
  clearTimeout(timer);
  await cancel(reader);
}

/** Closes the connection unless the body has already ended. */
async function cancel(reader: BodyReader): Promise<void> {
  await reader.cancel().catch(() => undefined);
}
