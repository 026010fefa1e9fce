import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type McpClient } from '../harness/clients.js';
import { eventually } from '../harness/eventually.js';
import { readMetric } from '../harness/metrics.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';

const [postgresql] = backends();
let rig: Rig;
let client: McpClient;

beforeAll(async () => {
  if (!postgresql) throw new Error('There is always a queue on PostgreSQL.');
  rig = await Rig.open(postgresql, { ownDatabaseServer: true });
  client = await connect('v2-default', 'websocket', rig.gateway, rig.token());
});

afterAll(async () => {
  await client.close();
  await rig.close();
});

const bases = () => [rig.gateway.url, rig.workers[0]?.workerUrl ?? ''];
const status = async (url: string) => (await fetch(url)).status;
const ask = (text: string) => client.callTool('chat', { prompt: `[[sim: echo]] ${text}` });

it('answers live, ready and startup on gateway and worker, each check by its name', async () => {
  for (const base of bases()) {
    for (const probe of ['live', 'ready', 'startup']) {
      expect([probe, await status(`${base}/health/${probe}`)]).toEqual([probe, 200]);
    }
    const ready = (await (await fetch(`${base}/health/ready`)).json()) as {
      details: Record<string, unknown>;
    };
    expect(Object.keys(ready.details)).toEqual(expect.arrayContaining(['ledger', 'queue', 'registry']));
  }
});

it('counts every call exactly, also when scraped under load', async () => {
  const before = (await readMetric(rig.gateway.url, 'exai_calls_accepted_total', { tool: 'chat' })) ?? 0;
  let scraping = true;
  const scrapes = (async () => {
    let count = 0;
    while (scraping) {
      expect(await status(`${rig.gateway.url}/metrics`)).toBe(200);
      count += 1;
    }
    return count;
  })();
  await Promise.all(Array.from({ length: 40 }, (_, index) => ask(`question ${index}`)));
  scraping = false;
  expect(await scrapes).toBeGreaterThan(0);
  const { url } = rig.gateway;
  expect(await readMetric(url, 'exai_calls_accepted_total', { tool: 'chat' })).toBe(before + 40);
  const finished = { tool: 'chat', outcome: 'completed' };
  expect(await readMetric(url, 'exai_calls_finished_total', finished)).toBe(before + 40);
  expect(await readMetric(url, 'exai_calls_in_flight', { role: 'gateway' })).toBe(0);
  expect(await readMetric(url, 'exai_ready')).toBe(1);
});

describe('while PostgreSQL is away', () => {
  let watching = true;
  const liveAnswers = new Set<number>();
  let watch: Promise<void>;

  beforeAll(async () => {
    watch = (async () => {
      while (watching) {
        for (const base of bases()) liveAnswers.add(await status(`${base}/health/live`));
        await delay(100);
      }
    })();
    await rig.stopDatabase();
  });

  it('ready turns red and says why', async () => {
    for (const base of bases()) {
      await eventually(async () => (await status(`${base}/health/ready`)) === 503, `${base} is not ready`, {
        timeoutMs: 10_000,
      });
    }
    expect(await (await fetch(`${rig.gateway.url}/health/ready`)).json()).toMatchObject({
      status: 'error',
      error: { ledger: { status: 'down' } },
    });
  });

  it('metrics answer and tell it', async () => {
    expect(await readMetric(rig.gateway.url, 'exai_ready')).toBe(0);
    expect(await readMetric(rig.gateway.url, 'exai_check_up', { check: 'ledger' })).toBe(0);
    for (const base of bases()) expect(await status(`${base}/metrics`)).toBe(200);
  });

  it('inline tools answer: diagnosis needs no database', async () => {
    expect((await client.callTool('version', {})).structuredContent).toMatchObject({ status: 'success' });
    const result = await client.callTool('status', {});
    expect(result.isError ?? false).toBe(false);
    expect(JSON.stringify(result.structuredContent)).toMatch(/unavailable|down|unreachable|error/i);
  });

  it('a call for a worker is refused at once and not taken on', async () => {
    await expect(ask('lost?')).rejects.toMatchObject({
      code: -31030,
      data: { code: 'STORE_UNAVAILABLE', retryable: true },
    });
  });

  it('everything comes back with the database, and nobody had to be restarted', async () => {
    await rig.startDatabase();
    for (const base of bases()) {
      await eventually(async () => (await status(`${base}/health/ready`)) === 200, `${base} is ready`);
    }
    expect((await ask('back again')).structuredContent).toMatchObject({ content: 'back again' });
    watching = false;
    await watch;
    expect([...liveAnswers]).toEqual([200]);
  });
});
