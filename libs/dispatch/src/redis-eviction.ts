import { Redis } from 'ioredis';

/**
 * The `maxmemory-policy` of a Redis that may delete jobs when memory runs out, or undefined when it is safe.
 * A managed Redis that forbids CONFIG is taken at its word.
 */
export async function unsafeEvictionPolicy(url: string): Promise<string | undefined> {
  const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 1 });
  // Heard by the caller as a rejection; an error event without a listener would end the process.
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    const [, policy] = (await redis.config('GET', 'maxmemory-policy')) as string[];
    return policy === undefined || policy === 'noeviction' ? undefined : policy;
  } catch {
    return undefined;
  } finally {
    redis.disconnect();
  }
}
