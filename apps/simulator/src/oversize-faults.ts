// Answers larger than anyone should read. None is ever held in memory as a whole.
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { answer } from './send-answer.js';
import type { Exchange } from './exchange.js';

const MEBIBYTE = 1_048_576;
const PIECE = 'x'.repeat(65_536);
/** Stands where the text of the answer goes; no vendor field holds anything like it. */
const MARK = '@@text@@';

const gzipped = promisify(gzip);
let gzippedMebibyte: Promise<Buffer> | undefined;

/** A valid answer of that size; streamed in events of 64 KiB, or in a single one that never seems to end. */
export async function sendHuge(exchange: Exchange, mebibytes: number, isOneEvent: boolean): Promise<void> {
  const { before, unit, after } =
    exchange.request.stream && !isOneEvent ? aroundFrame(exchange) : aroundText(exchange);
  const bytes = Buffer.from(unit.replace(MARK, PIECE));
  exchange.beginBody();
  await exchange.write(before);
  for (let left = mebibytes * MEBIBYTE; left > 0; left -= PIECE.length) await exchange.write(bytes);
  await exchange.write(after);
  exchange.end();
}

/**
 * About a thousandth of that size on the wire. A gzip stream may consist of several members, so the large middle
 * is one compressed mebibyte, made once and sent again and again.
 */
export async function sendGzipBomb(exchange: Exchange, mebibytes: number): Promise<void> {
  const { before, after } = aroundText(exchange);
  const member = await (gzippedMebibyte ??= gzipped(Buffer.alloc(MEBIBYTE, 'x'), { level: 9 }));
  exchange.beginBody({ 'content-encoding': 'gzip' });
  await exchange.write(await gzipped(before));
  for (let left = mebibytes; left > 0; left--) await exchange.write(member);
  await exchange.write(await gzipped(after));
  exchange.end();
}

/** An ordinary answer below a head of that size. */
export async function floodHeaders(exchange: Exchange, kibibytes: number): Promise<void> {
  for (let index = 0; index < kibibytes; index++) {
    const name = `x-flood-${index}`;
    exchange.addHeader(name, 'x'.repeat(1024 - name.length - ': \r\n'.length));
  }
  await answer(exchange);
}

interface Around {
  readonly before: string;
  /** What is repeated; holds the mark. */
  readonly unit: string;
  readonly after: string;
}

function aroundText(exchange: Exchange): Around {
  const [before = '', after = ''] = exchange.wire({ ...exchange.answer, text: MARK }).split(MARK);
  return { before, unit: MARK, after };
}

function aroundFrame(exchange: Exchange): Around {
  const { opening, content, closing } = exchange.answerFrames({ ...exchange.answer, text: MARK });
  const at = content.findIndex((frame) => frame.includes(MARK));
  return {
    before: [...opening, ...content.slice(0, at)].join(''),
    unit: content[at] ?? MARK,
    after: [...content.slice(at + 1), ...closing].join(''),
  };
}
