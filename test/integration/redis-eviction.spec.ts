import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backends, type OpenBackend } from '../harness/redis.js';
import { unsafeEvictionPolicy } from '../../libs/dispatch/src/redis-eviction.js';

const redisBackends = backends().filter(({ name }) => name === 'redis');

describe.each(redisBackends)('eviction policy of $name', (backend) => {
  let opened: OpenBackend;
  let url: string;
  let redis: Redis;

  beforeAll(async () => {
    opened = await backend.open();
    url = opened.env['REDIS_URL'] ?? '';
    redis = new Redis(url);
  });

  afterAll(async () => {
    redis.disconnect();
    await opened.close();
  });

  it('finds nothing wrong with noeviction', async () => {
    expect(await unsafeEvictionPolicy(url)).toBeUndefined();
  });

  it('names a policy that deletes jobs', async () => {
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    expect(await unsafeEvictionPolicy(url)).toBe('allkeys-lru');
    await redis.config('SET', 'maxmemory-policy', 'noeviction');
  });
});

it('says nothing about a Redis that does not answer', async () => {
  expect(await unsafeEvictionPolicy('redis://127.0.0.1:1')).toBeUndefined();
});
