import { loadConfig } from '#libs/config';
import { ConversationStore, type WorkflowThread } from '#libs/conversations';
import { dataSourceOptions, openDataSource } from '#libs/persistence';
import { randomUUID } from 'node:crypto';
import { type DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConversationEntity } from '../../libs/conversations/src/conversation.entity.js';
import { TurnEntity } from '../../libs/conversations/src/turn.entity.js';
import { openDatabase, type TestDatabase } from '../harness/database.js';

/** What workflow tools record in a conversation, on a real PostgreSQL. */
const MAX_TURNS = 4;
let postgres: TestDatabase;
let dataSource: DataSource;
let store: ConversationStore;

beforeAll(async () => {
  postgres = await openDatabase();
  const config = loadConfig({ DATABASE_URL: postgres.url, EXAI_CONVERSATION_MAX_TURNS: String(MAX_TURNS) });
  const options = dataSourceOptions(config, 'test', () => undefined);
  dataSource = await openDataSource({ ...options, entities: [ConversationEntity, TurnEntity] });
  store = new ConversationStore(dataSource.getRepository(ConversationEntity), config);
});

afterAll(async () => {
  await dataSource.destroy();
  await postgres.close();
});

const owner = { tenant: 'a', subject: 'b' };
const exchange = { user: { content: 'looked' }, assistant: { content: 'found' } };
const open = (id?: string, callId = randomUUID(), tool = 'debug'): Promise<WorkflowThread> =>
  store.openWorkflow(id, owner, tool, callId);

async function begun(): Promise<string> {
  const thread = await open();
  await thread.record(randomUUID(), { step: 1 }, exchange);
  return thread.id;
}

const turnsOf = async (id: string) => (await open(id)).turns.map(({ content }) => content);

describe('a workflow in its conversation', () => {
  it('is found again by its tool and by no other, and the thread by both', async () => {
    const id = await begun();
    expect((await open(id)).state).toEqual({ step: 1 });
    const other = await open(id, randomUUID(), 'codereview');
    expect(other.state).toBeUndefined();
    expect(other.turns.map(({ content }) => content)).toEqual(['looked', 'found']);
  });

  it('is not there for somebody else', async () => {
    const id = await begun();
    const stranger = store.openWorkflow(id, { ...owner, subject: 'c' }, 'debug', randomUUID());
    await expect(stranger).rejects.toMatchObject({ code: 'CONVERSATION_EXPIRED' });
  });

  it('refuses a call that has not seen what another has recorded, and stays as that one left it', async () => {
    const id = await begun();
    const [fast, slow] = [await open(id), await open(id)];
    await fast.record(randomUUID(), { step: 'fast' });
    await expect(slow.record(randomUUID(), { step: 'slow' }, exchange)).rejects.toMatchObject({
      code: 'CONVERSATION_CONFLICT',
    });
    expect((await open(id)).state).toEqual({ step: 'fast' });
    expect(await turnsOf(id)).toEqual(['looked', 'found']);
  });

  it('lets one of two calls through that record at the same moment', async () => {
    const id = await begun();
    const threads = await Promise.all(Array.from({ length: 8 }, () => open(id)));
    const results = await Promise.allSettled(
      threads.map((thread, index) => thread.record(randomUUID(), { index }, exchange)),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await turnsOfFull(id)).toBe(4);
  });

  it('is written once by a call that runs twice', async () => {
    const id = await begun();
    const callId = randomUUID();
    await (await open(id, callId)).record(callId, { step: 2 }, exchange);
    const again = await open(id, callId);
    expect(again.state).toEqual({ step: 2 });
    await again.record(callId, { step: 2 }, exchange);
    expect(await turnsOfFull(id)).toBe(4);
  });

  it('is found again by the call that began it, which was told no id', async () => {
    const callId = randomUUID();
    const first = await open(undefined, callId);
    await first.record(callId, { step: 1 });
    const second = await open(undefined, callId);
    expect(second.id).toBe(first.id);
    await second.record(callId, { step: 1 });
    await second.commit(callId, exchange);
    expect(await turnsOf(first.id)).toEqual(['looked', 'found']);
  });

  it('takes no exchange beyond the limit of turns, and no state with it', async () => {
    const id = await begun();
    const [first, late] = [await open(id), await open(id)];
    await first.commit(randomUUID(), exchange);
    await expect(late.record(randomUUID(), { step: 'late' }, exchange)).rejects.toMatchObject({
      code: 'CONVERSATION_FULL',
    });
    await expect(open(id)).rejects.toMatchObject({ code: 'CONVERSATION_FULL' });
    const [row] = await dataSource.query<{ state: unknown }[]>(
      'SELECT state FROM workflows WHERE conversation_id = $1',
      [id],
    );
    expect(row?.state).toEqual({ step: 1 });
  });

  it('goes with its conversation', async () => {
    const id = await begun();
    await dataSource.query('DELETE FROM conversations WHERE id = $1', [id]);
    const rows: unknown[] = await dataSource.query('SELECT 1 FROM workflows WHERE conversation_id = $1', [
      id,
    ]);
    expect(rows).toEqual([]);
  });
});

/** A full thread cannot be opened any more. */
async function turnsOfFull(id: string): Promise<number> {
  const rows: unknown[] = await dataSource.query('SELECT 1 FROM messages WHERE conversation_id = $1', [id]);
  return rows.length;
}
