import { loadConfig } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { dataSourceOptions, openDataSource } from '#libs/persistence';
import { PinoLogger } from 'nestjs-pino';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DailyBudget } from '../../libs/dispatch/src/daily-budget.js';
import { openLazyPool } from '../../libs/dispatch/src/lazy-pool.js';
import { openDatabase, type TestDatabase } from '../harness/database.js';
import { eventually } from '../harness/eventually.js';

/** The account of the daily budget on a real PostgreSQL, with several workers that share nothing else. */
const logger = new PinoLogger({ pinoHttp: { level: 'silent' } });
let postgres: TestDatabase;
let client: pg.Client;
const pools: pg.Pool[] = [];

beforeAll(async () => {
  postgres = await openDatabase();
  const config = configOf();
  const dataSource = await openDataSource(dataSourceOptions(config, 'test', () => undefined));
  await dataSource.destroy();
  client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
});

afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()));
  await client.end();
  await postgres.close();
});

beforeEach(async () => {
  await client.query('TRUNCATE cost_days, cost_reservations');
});

function configOf(budgetUsd?: number) {
  return loadConfig({
    DATABASE_URL: postgres.url,
    ...(budgetUsd !== undefined && { EXAI_DAILY_BUDGET_USD: String(budgetUsd) }),
  });
}

/** The budget as one worker process holds it. */
function worker(budgetUsd?: number): DailyBudget {
  const config = configOf(budgetUsd);
  const pool = openLazyPool(config, logger);
  pools.push(pool);
  return new DailyBudget(config, pool, logger);
}

function attempt(remainingMs = 10_000) {
  return { id: randomUUID(), fence: 1, remainingMs };
}

async function account(): Promise<{ spent: number; reserved: number; open: number }> {
  const { rows } = await client.query<{ spent: number; reserved: number; open: number }>(`
    SELECT coalesce(sum(spent), 0)::float8 AS spent, coalesce(sum(reserved), 0)::float8 AS reserved,
           (SELECT count(*)::int FROM cost_reservations) AS open FROM cost_days`);
  return rows[0] ?? { spent: 0, reserved: 0, open: 0 };
}

const settled = (spent: number) =>
  eventually(async () => {
    const now = await account();
    return now.open === 0 && now.reserved === 0 && Math.abs(now.spent - spent) < 1e-9;
  }, `$${spent} spent and nothing held`);

describe('a daily budget', () => {
  it('is never exceeded by 200 reservations that four workers make at once', async () => {
    const workers = [1, 2, 3, 4].map(() => worker(1));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 200 }, (_, index) =>
        workers[index % 4]!.spendingOf(attempt()).reserve({ usd: 0.03, inputUsd: 0.01 }),
      ),
    );
    const granted = outcomes.filter(({ status }) => status === 'fulfilled');
    expect(granted).toHaveLength(33);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'QUOTA_EXCEEDED' });
    }
    expect(await account()).toEqual({ spent: 0, reserved: 0.99, open: 33 });
  });

  it('settles by the true cost and lends the rest again', async () => {
    const budget = worker(0.1);
    const first = await budget.spendingOf(attempt()).reserve({ usd: 0.1, inputUsd: 0.01 });
    await expect(budget.spendingOf(attempt()).reserve({ usd: 0.01, inputUsd: 0 })).rejects.toThrow(ExaiError);
    first.settle(0.04);
    first.settle(0.04);
    await settled(0.04);
    const second = await budget.spendingOf(attempt()).reserve({ usd: 0.06, inputUsd: 0.01 });
    second.settle(0);
    await settled(0.04);
  });

  it('says with amounts why it refuses, when it is filled again, and what to change', async () => {
    const budget = worker(0.05);
    const held = await budget.spendingOf(attempt()).reserve({ usd: 0.03, inputUsd: 0.01 });
    const refusal = await budget
      .spendingOf(attempt())
      .reserve({ usd: 0.04, inputUsd: 0.01 })
      .then(
        () => undefined,
        (error: unknown) => error as ExaiError,
      );
    expect(refusal?.message).toContain('may cost $0.0400');
    expect(refusal?.message).toContain('of the $0.0500 for today $0.00 are spent and $0.0300 held');
    expect(refusal?.hint).toContain('`EXAI_DAILY_BUDGET_USD`');
    expect(refusal?.hint).toContain('models that cost nothing still answer');
    const midnight = new Date().setUTCHours(24, 0, 0, 0) - Date.now();
    expect(Math.abs((refusal?.details.retryAfterMs ?? 0) - midnight)).toBeLessThan(5_000);
    held.settle(0);
  });

  it('refuses a single call above the whole budget of an untouched day', async () => {
    await expect(
      worker(0.01).spendingOf(attempt()).reserve({ usd: 0.02, inputUsd: 0 }),
    ).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
    });
    expect(await account()).toEqual({ spent: 0, reserved: 0, open: 0 });
  });

  it('gets back what a dead worker held, less the prompt, and counts its late word no second time', async () => {
    const budget = worker(0.1);
    const dead = await budget.spendingOf(attempt(-15_100)).reserve({ usd: 0.1, inputUsd: 0.02 });
    const alive = worker(0.2);
    await alive.spendingOf(attempt()).reserve({ usd: 0.05, inputUsd: 0.01 });
    await Promise.all([alive.returnExpired(), budget.returnExpired()]);
    expect(await account()).toEqual({ spent: 0.02, reserved: 0.05, open: 1 });
    dead.settle(0.09);
    await budget.beforeApplicationShutdown();
    expect(await account()).toEqual({ spent: 0.02, reserved: 0.05, open: 1 });
  });

  it('writes what is not yet written before the worker ends', async () => {
    const budget = worker(1);
    const settlement = await budget.spendingOf(attempt()).reserve({ usd: 0.5, inputUsd: 0 });
    settlement.settle(0.25);
    await budget.beforeApplicationShutdown();
    expect(await account()).toEqual({ spent: 0.25, reserved: 0, open: 0 });
  });
});

describe('without a budget', () => {
  it('asks the database nothing before a call, and still sums what calls cost', async () => {
    const config = configOf();
    const closed = openLazyPool(config, logger);
    await closed.end();
    const unaware = new DailyBudget(config, closed, logger);
    await unaware.spendingOf(attempt()).reserve({ usd: 1_000, inputUsd: 0 });

    const budget = worker();
    for (const usd of [0.1, 0.2, 0.3]) {
      (await budget.spendingOf(attempt()).reserve({ usd: 9, inputUsd: 0 })).settle(usd);
    }
    expect((await account()).spent).toBe(0);
    await settled(0.6);
    expect((await budget.today()).spentUsd).toBeCloseTo(0.6, 9);
  });
});
