import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type McpClient, type ToolResult } from '../harness/clients.js';
import { eventually } from '../harness/eventually.js';
import { readCall } from '../harness/http.js';
import { readMetric } from '../harness/metrics.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';

/** An answer of up to 8,192 tokens is expected, at $4 per million: three calls fit into the day, a fourth does not. */
const BUDGET_USD = 0.1;

/** The daily budget holds over all workers, and tells people when it is nearly used up. */
describe('daily budget', () => {
  let rig: Rig;
  let client: McpClient;

  beforeAll(async () => {
    const [backend] = backends();
    if (!backend) throw new Error('there is no queue to run on');
    rig = await Rig.open(backend, {
      workers: 2,
      env: ({ baseUrl }) => ({
        KIMI_API_KEY: 'a-key-for-the-simulator-only',
        KIMI_BASE_URL: baseUrl,
        EXAI_DAILY_BUDGET_USD: String(BUDGET_USD),
      }),
    });
    client = await connect('v2-default', 'websocket', rig.gateway, rig.token());
  });

  afterAll(async () => {
    await client.close();
    await rig.close();
  });

  const ask = (script: string, model = 'kimi-k2.6') =>
    client.callTool('chat', { model, use_websearch: false, prompt: `[[sim: ${script}]] hello` });
  const errorOf = ({ structuredContent }: ToolResult) =>
    structuredContent?.['error'] as { code: string; hint: string; retryAfterMs: number } | undefined;
  const costOf = ({ structuredContent }: ToolResult) =>
    (structuredContent?.['metadata'] as { cost_usd?: number }).cost_usd;

  async function account(): Promise<{ spent: number; reserved: number }> {
    const database = new pg.Client({ connectionString: rig.databaseUrl });
    await database.connect();
    const { rows } = await database.query<{ spent: number; reserved: number }>(
      'SELECT spent::float8 AS spent, reserved::float8 AS reserved FROM cost_days',
    );
    await database.end();
    return rows[0] ?? { spent: 0, reserved: 0 };
  }

  const settled = () =>
    eventually(async () => {
      const { spent, reserved } = await account();
      return reserved === 0 ? { spent } : undefined;
    }, 'all calls are settled');

  it('records what a call cost, in the answer, in its report and in the metrics', async () => {
    const answer = await ask('ok');
    const cost = costOf(answer) ?? NaN;
    expect(cost).toBeGreaterThan(0);
    const report = await readCall(rig.gateway, rig.token(), String(answer._meta?.['io.exai/callId']));
    expect(report.costUsd).toBe(cost);
    const { input_tokens, output_tokens } = (
      answer.structuredContent?.['metadata'] as { usage: Record<string, number> }
    ).usage;
    expect(report).toMatchObject({ inputTokens: input_tokens, outputTokens: output_tokens });
    const counted = await Promise.all(
      rig.workers.map(({ workerUrl }) =>
        readMetric(workerUrl, 'exai_provider_cost_usd_total', { provider: 'kimi', model: 'kimi-k2.6' }),
      ),
    );
    expect(counted.reduce((sum: number, value) => sum + (value ?? 0), 0)).toBeCloseTo(cost, 8);
    expect((await settled()).spent).toBeCloseTo(cost, 8);
    await eventually(
      async () => Math.abs(((await readMetric(rig.gateway.url, 'exai_budget_spent_usd')) ?? 0) - cost) < 1e-8,
      'the metrics of the gateway show it',
    );
    expect(await readMetric(rig.gateway.url, 'exai_budget_limit_usd')).toBe(BUDGET_USD);
  });

  it('lets out only what fits, refuses the rest before it is sent, and lends again what was not used', async () => {
    const before = (await rig.simulator.requests()).length;
    const calls = Array.from({ length: 6 }, () => ask('latency(4500), ok'));
    const watched = eventually(async () => {
      const status = await client.callTool('status', {});
      const steps = status.structuredContent?.['next_steps'] as string[];
      return steps.find((step) => step.includes('EXAI_DAILY_BUDGET_USD'));
    }, 'status warns of the budget');
    const answers = await Promise.all(calls);
    const refused = answers.flatMap((answer) => errorOf(answer) ?? []);
    expect(refused.map(({ code }) => code)).toEqual(['QUOTA_EXCEEDED', 'QUOTA_EXCEEDED', 'QUOTA_EXCEEDED']);
    expect(refused[0]?.hint).toContain('`EXAI_DAILY_BUDGET_USD`');
    expect(refused[0]?.retryAfterMs).toBeLessThanOrEqual(86_400_000);
    expect((await rig.simulator.requests()).length).toBe(before + 3);
    expect(await watched).toContain("of today's $0.1000 are spent and $0.0");
    expect(rig.gateway.logs.some(({ msg }) => msg === 'the daily budget is used to 80 %')).toBe(true);

    await eventually(async () => errorOf(await ask('ok')) === undefined, 'a further call fits again');
  }, 60_000);

  it('does not stand in the way of models that cost nothing', async () => {
    const running = Array.from({ length: 3 }, () => ask('latency(1500), ok'));
    await eventually(
      async () => errorOf(await ask('ok'))?.code === 'QUOTA_EXCEEDED',
      'the budget is used up',
    );
    expect(errorOf(await ask('ok', 'simulator-1'))).toBeUndefined();
    await Promise.all(running);
  }, 60_000);

  it('holds nothing for a call that failed before it was sent', async () => {
    const before = await settled();
    expect(errorOf(await ask('401'))?.code).toBe('PROVIDER_AUTH');
    expect(await settled()).toEqual(before);
  });
});
