import { createServer, type Server } from 'node:net';
import pg from 'pg';
import { QueryFailedError } from 'typeorm';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadConfig } from '#libs/config';
import { exitCodeOf, toExaiError } from './convert.js';
import { ExaiError } from './exai-error.js';

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

function listen(port: number): Promise<Server> {
  const server = createServer();
  servers.push(server);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

async function freePort(): Promise<number> {
  const server = await listen(0);
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('toExaiError', () => {
  it('returns our own errors as they are', () => {
    const error = new ExaiError('QUEUE_FULL');
    expect(toExaiError(error)).toBe(error);
  });

  it('takes what an abort carries', () => {
    const deadline = new ExaiError('DEADLINE_EXCEEDED');
    const abort = Object.assign(new Error('aborted', { cause: deadline }), { name: 'AbortError' });
    expect(toExaiError(abort)).toBe(deadline);
    expect(toExaiError(new DOMException('aborted', 'AbortError')).code).toBe('INTERNAL');
  });

  it('takes all faults of a configuration', () => {
    const error = toExaiError(thrownBy(() => loadConfig({ PORT: 'x', EXAI_PROT: '1' })));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain('EXAI_PROT (no such setting, the nearest is PORT');
    expect(error.message).toContain('PORT (not valid, expected whole number');
  });

  it('names a port that is taken', async () => {
    const first = await listen(0);
    const { port } = first.address() as { port: number };
    const error = toExaiError(await listen(port).catch((cause: unknown) => cause));
    expect(error.code).toBe('LISTEN_FAILED');
    expect(error.message).toBe(
      `Port ${port} cannot be opened: another program holds it (address 127.0.0.1).`,
    );
  });

  it('recognises a database that is not there', async () => {
    const client = new pg.Client({
      host: '127.0.0.1',
      port: await freePort(),
      user: 'nobody',
      password: 'x',
    });
    const refusal: unknown = await client.connect().catch((error: unknown) => error);
    expect(toExaiError(refusal).code).toBe('STORE_UNAVAILABLE');
  });

  it('recognises a database that goes away during a connection', async () => {
    const server = await listen(0);
    server.on('connection', (socket) => socket.destroy());
    const { port } = server.address() as { port: number };
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'nobody', password: 'x' });
    const loss: unknown = await client.connect().catch((error: unknown) => error);
    expect(toExaiError(loss).code).toBe('STORE_UNAVAILABLE');
  });

  it.each(['57P01', '57P03', '53300', '08006', '25006'])('SQLSTATE %s is an unavailable store', (code) => {
    const driverError = Object.assign(new Error('from the server'), { code });
    expect(toExaiError(driverError).code).toBe('STORE_UNAVAILABLE');
    expect(toExaiError(new QueryFailedError('select', [], driverError)).code).toBe('STORE_UNAVAILABLE');
  });

  it.each(['23505', '42P01', 'ENOENT'])('%s is a fault of ours', (code) => {
    expect(toExaiError(Object.assign(new Error('x'), { code })).code).toBe('INTERNAL');
  });

  it('does not blame the store for a vendor that refuses connections, or a client that hangs up', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    expect(toExaiError(await fetch(url).catch((error: unknown) => error)).code).toBe('INTERNAL');
    expect(toExaiError(Object.assign(new Error('aborted'), { code: 'ECONNRESET' })).code).toBe('INTERNAL');
  });

  it.each([[new TypeError('x is not a function')], ['text'], [undefined], [null], [42], [{ code: 7 }]])(
    'makes INTERNAL of %s and keeps it as cause',
    (thrown) => {
      const error = toExaiError(thrown);
      expect(error.code).toBe('INTERNAL');
      expect(error.cause).toBe(thrown);
      expect(error.message).not.toContain('function');
    },
  );
});

describe('issues of a schema', () => {
  const schema = z.strictObject({
    prompt: z.string().min(3).max(5),
    mode: z.enum(['fast', 'deep']),
    files: z.array(z.strictObject({ 'a/b': z.number().positive() })),
    tags: z.array(z.string()).max(1),
    target: z.union([z.string(), z.number()]).optional(),
    address: z.url().optional(),
    even: z
      .number()
      .refine((value) => value % 2 === 0, 'an even number')
      .optional(),
  });

  it('come all at once, by pointer, with what was expected', () => {
    const error = toExaiError(
      thrownBy(() =>
        schema.parse({
          prompt: 'ab',
          mode: 'sk-private',
          files: [{ 'a/b': 0 }, {}],
          tags: ['a', 'b'],
          target: true,
          address: 'sk-private',
          even: 3,
          extra: 'sk-private',
        }),
      ),
    );
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.details.issues).toEqual(
      expect.arrayContaining([
        { pointer: '/prompt', expected: 'at least 3 characters' },
        { pointer: '/mode', expected: 'one of fast, deep' },
        { pointer: '/tags', expected: 'at most 1 items' },
        { pointer: '/files/0/a~1b', expected: 'more than 0' },
        { pointer: '/files/1/a~1b', expected: 'number' },
        { pointer: '/target', expected: 'string or number' },
        { pointer: '/address', expected: 'the format url' },
        { pointer: '/even', expected: 'an even number' },
        { pointer: '/extra', expected: 'no such argument' },
      ]),
    );
    expect(error.details.issues).toHaveLength(9);
    expect(JSON.stringify([error.message, error.details])).not.toContain('sk-private');
  });

  it('points at the whole document when that is wrong', () => {
    expect(toExaiError(thrownBy(() => schema.parse('text'))).details.issues).toEqual([
      { pointer: '', expected: 'object' },
    ]);
  });

  it('are bounded', () => {
    const many = thrownBy(() => z.array(z.string()).parse(Array.from({ length: 500 }, () => 1)));
    expect(toExaiError(many).details.issues).toHaveLength(50);
  });
});

describe('exitCodeOf', () => {
  it.each([
    [new ExaiError('CONFIG_INVALID'), 78],
    [new ExaiError('QUEUE_UNSAFE_EVICTION'), 78],
    [new ExaiError('LISTEN_FAILED'), 69],
    [new ExaiError('STORE_UNAVAILABLE'), 69],
    [new ExaiError('FORBIDDEN'), 77],
    [new ExaiError('DEADLINE_EXCEEDED'), 75],
    [new ExaiError('PROVIDER_REJECTED'), 1],
    [new Error('unknown'), 1],
  ])('%s ends with %i', (error, code) => {
    expect(exitCodeOf(error)).toBe(code);
  });
});
