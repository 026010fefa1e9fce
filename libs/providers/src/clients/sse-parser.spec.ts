import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEvents } from './response-body.js';
import { SseParser } from './sse-parser.js';

/** One line of data, of any characters that do not end a line, whole pairs of code units only. */
const line = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.replace(/[\r\n]/g, ' '));
const event = fc.array(line, { minLength: 1, maxLength: 3 });
const noise = fc.constantFrom('', ': still here', 'event: message', 'id: 7', 'retry: 10');
const ending = fc.constantFrom('\n', '\r\n');

interface Sent {
  readonly data: readonly string[];
  readonly noise: string;
  readonly ending: string;
}

const sent: fc.Arbitrary<Sent[]> = fc.array(fc.record({ data: event, noise, ending }), { maxLength: 8 });

function textOf(list: readonly Sent[]): string {
  return list
    .map(({ data, noise: extra, ending: end }) => {
      const lines = [...(extra ? [extra] : []), ...data.map((text) => `data: ${text}`), ''];
      return lines.map((text) => text + end).join('');
    })
    .join('');
}

function dataOf(list: readonly Sent[]): string[] {
  return list.map(({ data }) => data.join('\n'));
}

/** Cuts at the given shares of the length, in any order. */
function cut<T extends string | Uint8Array>(whole: T, shares: readonly number[]): T[] {
  const points = shares.map((share) => Math.floor(share * whole.length)).sort((a, b) => a - b);
  const edges = [0, ...points, whole.length];
  return edges.slice(1).map((end, index) => whole.slice(edges[index], end) as T);
}

const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 });

describe('SseParser', () => {
  it('reads the same events from any pieces of a text, with LF and CRLF mixed', () => {
    fc.assert(
      fc.property(sent, shares, (list, at) => {
        const parser = new SseParser();
        const read = cut(textOf(list), at).flatMap((piece) => parser.push(piece));
        expect([...read, ...parser.end()]).toEqual(dataOf(list));
      }),
    );
  });

  it('gives an event as soon as its blank line is there, not before', () => {
    const parser = new SseParser();
    expect(parser.push('data: a\n')).toEqual([]);
    expect(parser.push('\ndata: b\n\nda')).toEqual(['a', 'b']);
    expect(parser.push('ta: c')).toEqual([]);
    expect(parser.end()).toEqual(['c']);
    expect(parser.end()).toEqual([]);
  });

  it('takes one blank after the colon for a separator and keeps the rest', () => {
    expect(new SseParser().push('data:a\n\ndata:  b \n\n')).toEqual(['a', ' b ']);
  });

  it('reads one line of 8 MiB in small pieces in time that does not grow with their square', () => {
    const parser = new SseParser();
    const piece = 'x'.repeat(4_096);
    const startedAt = performance.now();
    parser.push('data: ');
    for (let index = 0; index < 2_048; index += 1) parser.push(piece);
    const [read] = parser.push('\n\n');
    expect(read).toHaveLength(8 * 1024 * 1024);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});

describe('readEvents', () => {
  function responseOf(pieces: readonly Uint8Array[]): Response {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece);
        controller.close();
      },
    });
    return new Response(body);
  }

  it('keeps every character whole, wherever the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(sent, shares, async (list, at) => {
        const bytes = new TextEncoder().encode(`${textOf(list)}data: [DONE]\n\ndata: late\n\n`);
        const read: string[] = [];
        for await (const data of readEvents(responseOf(cut(bytes, at)))) read.push(data);
        expect(read).toEqual(dataOf(list).filter((data) => data !== ''));
      }),
      { numRuns: 200 },
    );
  });

  it('refuses bytes that are no text', async () => {
    const bytes = Buffer.concat([Buffer.from('data: '), Buffer.from([0xff, 0xfe]), Buffer.from('\n\n')]);
    const reading = (async () => {
      for await (const data of readEvents(responseOf([bytes]))) expect(data).toBeUndefined();
    })();
    await expect(reading).rejects.toMatchObject({ code: 'ERR_ENCODING_INVALID_ENCODED_DATA' });
  });
});
