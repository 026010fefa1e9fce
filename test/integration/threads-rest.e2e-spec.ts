import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../harness/clients.js';
import { bearer } from '../harness/http.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';

interface Thread {
  readonly id: string;
  readonly tool: string;
  readonly turnCount: number;
  readonly turns?: readonly { readonly role: string; readonly content: string; readonly model?: string }[];
}

interface Page {
  readonly threads: readonly Thread[];
  readonly nextOffset?: number;
}

describe('conversations over REST', () => {
  let rig: Rig;
  let ids: string[];

  beforeAll(async () => {
    const [backend] = backends();
    if (!backend) throw new Error('there is no queue to run on');
    rig = await Rig.open(backend);
    ids = [await open('one', 'owner'), await open('two', 'owner'), await open('three', 'owner')];
  });

  afterAll(() => rig.close());

  async function open(prompt: string, subject: string, more: Record<string, unknown> = {}): Promise<string> {
    const client = await connect('v2-default', 'http', rig.gateway, rig.token({ subject }));
    try {
      const args = { model: 'simulator-1', prompt: `[[sim: echo]] ${prompt}`, ...more };
      const { structuredContent } = await client.callTool('chat', args);
      return String(structuredContent?.['continuation_id']);
    } finally {
      await client.close();
    }
  }

  const request = (path: string, token = rig.token({ subject: 'owner' }), method = 'GET') =>
    fetch(`${rig.gateway.url}/api/v1/threads${path}`, { method, headers: bearer(token) });
  const page = async (query = ''): Promise<Page> => {
    const response = await request(query);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    return (await response.json()) as Page;
  };
  /** Status and body, but for the id that every answer has of its own. */
  const bytes = async (response: Response) => {
    const correlationId = response.headers.get('x-correlation-id') ?? '';
    return { status: response.status, body: (await response.text()).replaceAll(correlationId, '<id>') };
  };
  const expire = async (id: string) => {
    const database = new pg.Client({ connectionString: rig.databaseUrl });
    await database.connect();
    await database.query(`UPDATE conversations SET expires_at = now() - interval '1 second' WHERE id = $1`, [
      id,
    ]);
    await database.end();
  };

  it('are listed for their owner, the last used first', async () => {
    await open('two again', 'owner', { continuation_id: ids[1] });
    const { threads, nextOffset } = await page();
    expect(threads.map(({ id }) => id)).toEqual([ids[1], ids[2], ids[0]]);
    expect(threads[0]).toMatchObject({ tool: 'chat', turnCount: 4 });
    expect(threads[0]).not.toHaveProperty('turns');
    expect(nextOffset).toBeUndefined();
    const stranger = await request('', rig.token({ subject: 'stranger' }));
    expect(await stranger.json()).toEqual({ threads: [] });
  });

  it('come in pages', async () => {
    const first = await page('?limit=2');
    expect(first).toMatchObject({ threads: [{}, {}], nextOffset: 2 });
    const second = await page(`?limit=2&offset=${first.nextOffset}`);
    const seen = [...first.threads, ...second.threads].map(({ id }) => id);
    expect([...seen].sort()).toEqual([...ids].sort());
    expect(second).not.toHaveProperty('nextOffset');
  });

  it('are shown with their turns, the newest ones in order', async () => {
    const thread = (await (await request(`/${ids[1]}`)).json()) as Thread;
    expect(thread).toMatchObject({ id: ids[1], turnCount: 4 });
    expect(thread.turns?.map(({ role, content }) => `${role}: ${content}`)).toEqual([
      'user: [[sim: echo]] two',
      'assistant: two',
      'user: [[sim: echo]] two again',
      'assistant: two again',
    ]);
    expect(thread.turns?.[1]).toMatchObject({ model: 'simulator-1', provider: 'simulator' });
    const newest = (await (await request(`/${ids[1]}?limit=1`)).json()) as Thread;
    expect(newest.turns?.map(({ content }) => content)).toEqual(['two again']);
  });

  it.each(['GET', 'DELETE'])(
    'are not there for anybody else, by the same bytes as one that never was: %s',
    async (method) => {
      const expired = await open('expires', 'stranger');
      await expire(expired);
      const asked = [ids[0], expired, '6b0f6a4e-7f5c-4a0e-9c53-000000000000', 'no-id-at-all'];
      const answers = await Promise.all(
        asked.map(async (id) => bytes(await request(`/${id}`, rig.token({ subject: 'stranger' }), method))),
      );
      const [first] = answers;
      expect(first?.status).toBe(404);
      expect(JSON.parse(first?.body ?? '{}')).toMatchObject({ code: 'NOT_FOUND', status: 404 });
      for (const answer of answers) expect(answer).toEqual(first);
      expect((await request(`/${ids[0]}`)).status).toBe(200);
    },
  );

  it('are not listed any more when they have expired', async () => {
    const id = await open('expires', 'brief');
    await expire(id);
    expect(await (await request('', rig.token({ subject: 'brief' }))).json()).toEqual({ threads: [] });
  });

  it('are deleted for good', async () => {
    const id = await open('to be deleted', 'owner');
    const deleted = await request(`/${id}`, undefined, 'DELETE');
    expect(deleted.status).toBe(204);
    expect(await deleted.text()).toBe('');
    expect((await request(`/${id}`)).status).toBe(404);
    expect((await request(`/${id}`, undefined, 'DELETE')).status).toBe(404);
    expect((await page()).threads.map((thread) => thread.id)).not.toContain(id);
  });

  it('need the scope calls:read, and to be deleted that of calling tools', async () => {
    const without = rig.token({ subject: 'owner', scopes: ['tools:call'] });
    for (const path of ['', `/${ids[0]}`]) {
      const response = await request(path, without);
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({
        code: 'FORBIDDEN',
        details: { requiredScope: 'calls:read' },
      });
    }
    const reading = rig.token({ subject: 'owner', scopes: ['calls:read'] });
    expect((await request(`/${ids[0]}`, reading)).status).toBe(200);
    const response = await request(`/${ids[0]}`, reading, 'DELETE');
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ details: { requiredScope: 'tools:call' } });
  });

  it.each([
    ['?limit=0', 'limit'],
    ['?limit=101', 'limit'],
    ['?limit=ten', 'limit'],
    ['?limit=', 'limit'],
    ['?limit=1&limit=2', 'limit'],
    ['?offset=-1', 'offset'],
    ['?page=2', 'page'],
    ['/6b0f6a4e-7f5c-4a0e-9c53-000000000000?limit=1001', 'limit'],
  ])('refuse a parameter that is wrong: %s', async (path, field) => {
    const response = await request(path);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ code: 'INVALID_PARAMS', details: { field } });
  });
});
