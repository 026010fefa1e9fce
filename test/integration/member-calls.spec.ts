import { ExaiError, toEnvelope } from '#libs/errors';
import { loadConfig } from '#libs/config';
import { Metrics } from '#libs/observability';
import { dataSourceOptions, openDataSource } from '#libs/persistence';
import { type ToolCall } from '#libs/tools';
import { PinoLogger } from 'nestjs-pino';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { register } from 'prom-client';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Queue } from 'bullmq';
import { CallLedger, type JobTicket } from '../../libs/dispatch/src/call-ledger.js';
import { CallQueue, queueConnection } from '../../libs/dispatch/src/call-queue.js';
import { LedgerMemberCalls } from '../../libs/dispatch/src/ledger-member-calls.js';
import { openLazyPool } from '../../libs/dispatch/src/lazy-pool.js';
import { SQL } from '../../libs/dispatch/src/ledger-statements.js';
import { PostgresCallSignals } from '../../libs/dispatch/src/postgres-call-signals.js';
import { WaitingParents } from '../../libs/dispatch/src/waiting-parents.js';
import { openDatabase, type TestDatabase } from '../harness/database.js';
import { eventually } from '../harness/eventually.js';

/** Calls that ask other calls: their rows, jobs and waits, on a real PostgreSQL. */
const logger = new PinoLogger({ pinoHttp: { level: 'silent' } });
let postgres: TestDatabase;
let pool: pg.Pool;
let signals: PostgresCallSignals;
let ledger: CallLedger;
let bull: Queue<JobTicket>;
let queue: CallQueue;
let members: LedgerMemberCalls;

beforeAll(async () => {
  postgres = await openDatabase();
  const config = loadConfig({ DATABASE_URL: postgres.url });
  await (await openDataSource(dataSourceOptions(config, 'test', () => undefined))).destroy();
  pool = new pg.Pool({ connectionString: postgres.url });
  // The server goes away while connections are still being closed.
  pool.on('error', () => undefined);
  signals = new PostgresCallSignals(postgres.url, () => undefined);
  await signals.start();
  ledger = new CallLedger(pool, openLazyPool(config, logger), signals.ledgerChannel);
  bull = new Queue(`tool-calls-${randomUUID()}`, { connection: queueConnection(config) });
  bull.on('error', () => undefined);
  queue = new CallQueue(bull, 3);
});

beforeEach(() => {
  register.clear();
  members = new LedgerMemberCalls(ledger, queue, new Metrics(), logger);
});

afterAll(async () => {
  await signals.close();
  await bull.close();
  await ledger.onApplicationShutdown();
  await pool.end();
  await postgres.close();
});

async function accepted(deadlineMs = 60_000): Promise<ToolCall> {
  const id = uuidv7();
  const call: ToolCall = {
    id,
    tool: 'consensus',
    args: { step: 'Should we?' },
    principal: { tenant: 'acme', subject: 'ann', scopes: ['tools:call'], models: ['glm-5'], maxCostUsd: 1 },
    client: { name: 'client', version: '1' },
    sessionId: 'session',
    transport: 'websocket',
    correlationId: id,
    deadline: Date.now() + deadlineMs,
    createdAt: Date.now(),
  };
  await ledger.accept(call);
  return call;
}

const questions = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ key: `${index}`, args: { question: index } }));

async function answer(id: string): Promise<void> {
  const started = await ledger.start({ callId: id, enqueueNo: 1 });
  const metadata = { tool_name: 'consensus', correlation_id: 'c', duration_ms: 1 };
  const payload = { status: 'success', content: `answer of ${id}`, metadata };
  await ledger.finish({ id, fence: started?.fence ?? 0, state: 'COMPLETED', payload });
}

const cancelled = (call: ToolCall) =>
  toEnvelope(new ExaiError('CANCELLED'), { correlationId: call.correlationId, callId: call.id });
const countOf = async (parentId: string) => {
  const { rows } = await pool.query<{ n: number }>(
    'SELECT count(*)::int AS n FROM tool_calls WHERE parent_id = $1',
    [parentId],
  );
  return rows[0]?.n;
};

describe('members of a call', () => {
  it('have the rights of the call, its question instead of the arguments, and end a little earlier', async () => {
    const call = await accepted();
    const [member] = await members.of(call).ask(questions(1), 4);
    const started = await ledger.start({ callId: member?.callId ?? '', enqueueNo: 1 });
    const { id, args, parentId, deadline, createdAt, ...inherited } = started?.call ?? ({} as ToolCall);
    expect(inherited).toEqual({
      tool: call.tool,
      principal: call.principal,
      client: call.client,
      sessionId: call.sessionId,
      transport: call.transport,
      correlationId: call.correlationId,
    });
    expect({ id, args, parentId }).toEqual({ id: member?.callId, args: { question: 0 }, parentId: call.id });
    expect(createdAt).toBeGreaterThanOrEqual(call.createdAt - 1_000);
    expect(call.deadline - deadline).toBeGreaterThan(4_500);
    expect(call.deadline - deadline).toBeLessThan(6_000);
  });

  it('leave a short call a tenth of its time', async () => {
    const call = await accepted(10_000);
    const [member] = await members.of(call).ask(questions(1), 4);
    const started = await ledger.start({ callId: member?.callId ?? '', enqueueNo: 1 });
    const reserve = call.deadline - (started?.call.deadline ?? 0);
    expect(reserve).toBeGreaterThan(500);
    expect(reserve).toBeLessThan(1_500);
  });

  it('are taken on once, however often and by however many they are asked for', async () => {
    const call = await accepted();
    const asked = await Promise.all(Array.from({ length: 8 }, () => members.of(call).ask(questions(3), 4)));
    expect(new Set(asked.map((list) => JSON.stringify(list))).size).toBe(1);
    expect(await countOf(call.id)).toBe(3);
    expect((await queue.depth()).waiting).toBeGreaterThanOrEqual(3);
  });

  it('are other calls for another parent', async () => {
    const [one] = await members.of(await accepted()).ask(questions(1), 4);
    const [two] = await members.of(await accepted()).ask(questions(1), 4);
    expect(one?.callId).not.toBe(two?.callId);
  });

  it('are taken on as earlier ones end', async () => {
    const call = await accepted();
    const ask = () => members.of(call).ask(questions(5), 2);
    const first = await ask();
    expect(first.map((member) => member !== undefined)).toEqual([true, true, false, false, false]);
    expect(await ask()).toEqual(first);
    await answer(first[1]?.callId ?? '');
    const second = await ask();
    expect(second.map((member) => member && 'outcome' in member)).toEqual([
      false,
      true,
      false,
      undefined,
      undefined,
    ]);
    expect(second[1]?.outcome).toMatchObject({
      ok: true,
      payload: { content: `answer of ${first[1]?.callId}` },
    });
  });

  it('end with their call, and none is taken on after that', async () => {
    const call = await accepted();
    const asked = await members.of(call).ask(questions(2), 4);
    await answer(asked[0]?.callId ?? '');
    const ended = await ledger.end(call.id, 'CANCELLED', cancelled(call));
    expect(ended.sort()).toEqual([call.id, asked[1]?.callId].sort());
    expect(await ledger.end(call.id, 'CANCELLED', cancelled(call))).toEqual([]);
    await members.of(call).ask(questions(3), 4);
    expect(await countOf(call.id)).toBe(2);
    const outcomes = await ledger.members(
      call.id,
      asked.map((member) => member?.callId ?? ''),
    );
    expect([...outcomes.values()].map((outcome) => outcome?.ok).sort()).toEqual([false, true]);
  });

  describe('leave nothing open when their call ends', () => {
    const openOf = async (parentId: string) => {
      const { rows } = await pool.query<{ n: number }>(
        'SELECT count(*)::int AS n FROM tool_calls WHERE parent_id = $1 AND finished_at IS NULL',
        [parentId],
      );
      return rows[0]?.n;
    };
    const isBlocked = () =>
      eventually(async () => {
        const { rows } = await pool.query(
          `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
        );
        return rows.length > 0;
      }, 'one waits for the other');

    /** Runs `statement` in a transaction that stays open until `meanwhile` is held up by it. */
    async function during<T>(statement: string, values: unknown[], meanwhile: () => Promise<T>): Promise<T> {
      const client = new pg.Client({ connectionString: postgres.url });
      await client.connect();
      try {
        await client.query('BEGIN');
        await client.query(statement, values);
        const held = meanwhile();
        await isBlocked();
        await client.query('COMMIT');
        return await held;
      } finally {
        await client.end();
      }
    }

    it('while they are taken on', async () => {
      const call = await accepted();
      const member = randomUUID();
      const ended = await during(SQL.acceptMembers, [call.id, [member], ['{}'], 5_000], () =>
        ledger.end(call.id, 'CANCELLED', cancelled(call)),
      );
      expect(ended).toEqual([call.id, member]);
      expect(await openOf(call.id)).toBe(0);
    });

    it('right before they are taken on', async () => {
      const call = await accepted();
      const asked = await during(SQL.end, [call.id, 'CANCELLED', JSON.stringify(cancelled(call))], () =>
        ledger.acceptMembers(call.id, [{ id: randomUUID(), args: {} }]),
      );
      expect(asked).toEqual([]);
      expect(await openOf(call.id)).toBe(0);
    });
  });
});

describe('WaitingParents', () => {
  let parents: WaitingParents;
  let woken: string[];

  beforeEach(() => {
    woken = [];
    parents = new WaitingParents(ledger, signals, logger);
    return () => parents.onApplicationShutdown();
  });

  async function wait(call: ToolCall, ids: readonly string[], dueInMs = 60_000): Promise<void> {
    await parents.add({
      callId: call.id,
      members: ids,
      dueAt: Date.now() + dueInMs,
      wake: () => {
        woken.push(call.id);
        return Promise.resolve();
      },
    });
  }
  const asked = async (call: ToolCall) =>
    (await members.of(call).ask(questions(2), 4)).map((member) => member?.callId ?? '');

  it('wakes a call once, when the first of its members ends', async () => {
    const call = await accepted();
    const other = await accepted();
    const [one = '', two = ''] = await asked(call);
    await wait(call, [one, two]);
    await wait(other, await asked(other));
    expect(woken).toEqual([]);
    await answer(one);
    await eventually(() => woken.length > 0, 'the call is woken');
    await answer(two);
    const third = await accepted();
    await wait(third, await asked(third));
    const [last = ''] = await asked(third);
    await answer(last);
    await eventually(() => woken.includes(third.id), 'the third call is woken');
    expect(woken).toEqual([call.id, third.id]);
  });

  it('wakes a call whose member ended before it waited', async () => {
    const call = await accepted();
    const [one = '', two = ''] = await asked(call);
    await answer(two);
    await wait(call, [one, two]);
    expect(woken).toEqual([call.id]);
  });

  it('wakes a call whose member was cancelled or ran out of time', async () => {
    const call = await accepted();
    const [one = ''] = await asked(call);
    await wait(call, [one]);
    await ledger.end(one, 'EXPIRED', cancelled(call));
    signals.publish({ done: [one] });
    await eventually(() => woken.length > 0, 'the call is woken');
  });

  it('forgets a call that came back by itself', async () => {
    const call = await accepted();
    const [one = ''] = await asked(call);
    await wait(call, [one], 0);
    const next = await accepted();
    const ofNext = await asked(next);
    await wait(next, ofNext);
    await answer(one);
    await answer(ofNext[0] ?? '');
    await eventually(() => woken.length > 0, 'the next call is woken');
    expect(woken).toEqual([next.id]);
  });

  it('goes on when a call cannot be woken', async () => {
    const call = await accepted();
    const [one = ''] = await asked(call);
    const wake = () => Promise.reject(new Error('is not delayed'));
    await parents.add({ callId: call.id, members: [one], dueAt: Date.now() + 60_000, wake });
    const next = await accepted();
    const ofNext = await asked(next);
    await wait(next, ofNext);
    await answer(one);
    await answer(ofNext[0] ?? '');
    await eventually(() => woken.includes(next.id), 'the next call is woken');
  });
});
