import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../harness/eventually.js';
import { RawSocket } from '../harness/raw-socket.js';
import { watchSimulator, type WatchedSimulator } from '../harness/simulator.js';
import { startStandalone, type Standalone } from '../harness/standalone.js';

const document = readFileSync(new URL('../../docs/websocket.md', import.meta.url), 'utf8');
const exchanges = [...document.matchAll(/```\n(→[\s\S]*?)\n```/g)].map(([, text = '']) => text.split('\n'));

let simulator: WatchedSimulator;
let server: Standalone;

beforeAll(async () => {
  simulator = await watchSimulator();
  server = await startStandalone({ env: simulator.env });
});

afterAll(async () => {
  await server.stop();
  await simulator.close();
});

/** `…` stands for anything. */
function pattern(frame: string): unknown {
  return JSON.parse(frame, (_key, value: unknown) =>
    value === '…' ? (expect.anything() as unknown) : value,
  );
}

it('docs/websocket.md shows two exchanges', () => {
  expect(exchanges).toHaveLength(2);
});

it.each(exchanges.map((lines) => [lines[0]?.slice(0, 80), lines] as const))(
  'the exchange that begins with %s takes place as it is written',
  async (_first, lines) => {
    const raw = await RawSocket.open(server, server.token());
    let read = 0;
    for (const line of lines) {
      const frame = line.slice(2);
      if (line.startsWith('→')) {
        raw.send(frame);
        continue;
      }
      const wanted = JSON.parse(frame) as { readonly id?: number | string | null; readonly method?: string };
      // Further progress may come in between; the document shows the first.
      const at = await eventually(() => {
        const found = raw.messages.findIndex(
          (message, index) =>
            index >= read &&
            ('method' in message ? message.method === wanted.method : message.id === wanted.id),
        );
        return found >= 0 && { found };
      }, line);
      expect(raw.messages[at.found]).toMatchObject(pattern(frame) as object);
      read = at.found + 1;
    }
    await raw.close();
  },
);
