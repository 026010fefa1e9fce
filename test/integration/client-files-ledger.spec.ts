import { loadConfig } from '#libs/config';
import { dataSourceOptions, openDataSource } from '#libs/persistence';
import { type ToolCall } from '#libs/tools';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CallLedger } from '../../libs/dispatch/src/call-ledger.js';
import { openDatabase, type TestDatabase } from '../harness/database.js';

/** What the ledger keeps of the files that came with a call, on a real PostgreSQL. */
describe('files of the client in the ledger', () => {
  const clientFiles: NonNullable<ToolCall['clientFiles']> = {
    readBy: 'client',
    files: [{ path: '/a', content: 'line one\nline "two" \\u0041 é 漢字 \u{1F600}\u2028' }],
    skipped: [{ path: '/b', reason: 'gone' }],
  };
  let postgres: TestDatabase;
  let pool: pg.Pool;
  let ledger: CallLedger;

  beforeAll(async () => {
    postgres = await openDatabase();
    const config = loadConfig({ DATABASE_URL: postgres.url });
    const dataSource = await openDataSource(dataSourceOptions(config, 'test', () => undefined));
    await dataSource.destroy();
    pool = new pg.Pool({ connectionString: postgres.url });
    ledger = new CallLedger(pool, pool, undefined);
  });

  afterAll(async () => {
    await pool.end();
    await postgres.close();
  });

  const accept = async (more: Partial<ToolCall> = {}): Promise<string> => {
    const id = uuidv7();
    const now = Date.now();
    await ledger.accept({
      id,
      tool: 'chat',
      args: {},
      principal: { tenant: 't', subject: 's', scopes: [] },
      client: { name: 'n', version: '1' },
      sessionId: 's',
      transport: 'http',
      correlationId: id,
      deadline: now + 60_000,
      createdAt: now,
      ...more,
    });
    return id;
  };
  const start = (callId: string) => ledger.start({ callId, enqueueNo: 1 });

  it('reach the worker as they came, call by call', async () => {
    const [withFiles, without] = await Promise.all([accept({ clientFiles }), accept()]);
    const [first, second] = await Promise.all([start(withFiles), start(without)]);
    expect(first?.call.clientFiles).toEqual(clientFiles);
    expect(second?.call).not.toHaveProperty('clientFiles');
  });

  it('reach the calls that a call asks, without being stored again', async () => {
    const parent = await accept({ clientFiles });
    const member = uuidv7();
    await ledger.acceptMembers(parent, [{ id: member, args: {} }]);
    expect((await start(member))?.call.clientFiles).toEqual(clientFiles);
    const { rows } = await pool.query('SELECT client_files FROM tool_calls WHERE id = $1', [member]);
    expect(rows).toEqual([{ client_files: null }]);
  });

  it('go with the arguments when their keeping time is over', async () => {
    const id = await accept({ clientFiles });
    const started = await start(id);
    const error = { code: 'INTERNAL' } as never;
    await ledger.finish({ id, fence: started?.fence ?? 0, state: 'FAILED', error });
    const kept = async () =>
      (await pool.query<object>('SELECT args, client_files FROM tool_calls WHERE id = $1', [id])).rows;
    await ledger.dropContent(60_000, 100);
    expect(await kept()).toEqual([{ args: {}, client_files: clientFiles }]);
    await ledger.dropContent(0, 100);
    expect(await kept()).toEqual([{ args: null, client_files: null }]);
  });
});
