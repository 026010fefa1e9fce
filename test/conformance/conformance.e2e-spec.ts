import { afterAll, beforeAll, expect, it } from 'vitest';
import { openWebSocketWire } from './bridge/websocket-wire.js';
import { type Message } from './bridge/wire.js';
import { faultsOf } from './measured.js';
import { startConformanceServer, type ConformanceServer } from './server/conformance-server.js';
import { runSuite } from './suite/suite-run.js';
import { tally } from './suite/results.js';
import { SUITES } from './suite/suites.js';

/** Of the checks that the newest revision requires, so many are made; fewer means that something was not offered. */
const CHECKS_OF_2026 = 190;

let server: ConformanceServer;

beforeAll(async () => {
  server = await startConformanceServer();
}, 120_000);

afterAll(() => server.close());

it('everything that 2026-07-28 requires, tasks and header checks included, holds over HTTP', async () => {
  const suite = SUITES.find(({ id }) => id === '2026-07-28');
  if (!suite) throw new Error('The suite is gone.');
  const { results } = await runSuite(suite, `${server.url}/mcp`);
  expect(faultsOf({ transport: 'http', suite, results })).toEqual([]);
  expect(tally(results).passed).toBeGreaterThanOrEqual(CHECKS_OF_2026);
}, 120_000);

it('a revision that is not served is refused on an open socket too', async () => {
  const wire = await openWebSocketWire(`${server.url.replace('http', 'ws')}/ws`);
  const ask = async (id: number, version: string) => {
    const answer = new Promise<Message>((resolve) =>
      wire.onMessage((message) => message.id === id && resolve(message)),
    );
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': version,
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    wire.send({ jsonrpc: '2.0', id, method: 'prompts/list', params: { _meta } });
    return answer;
  };
  expect(await ask(1, '2026-07-28')).toHaveProperty('result.prompts');
  expect(await ask(2, '2999-01-01')).toMatchObject({
    error: { code: -32022, data: { supported: ['2026-07-28'], requested: '2999-01-01' } },
  });
  expect(await ask(3, '2026-07-28')).toHaveProperty('result.prompts');
  await wire.close();
});
