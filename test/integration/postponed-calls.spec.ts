import { ExaiError } from '#libs/errors';
import { Metrics } from '#libs/observability';
import { type Completion, ModelClient, type ProviderBusy, Resilience } from '#libs/providers';
import { ProviderPlaces } from '#libs/tools';
import { PinoLogger } from 'nestjs-pino';
import { setTimeout as delay } from 'node:timers/promises';
import { register } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { PostponedCalls } from '../../libs/dispatch/src/postponed-calls.js';
import { providerSchema } from '../../libs/providers/src/define.js';

const vendor = providerSchema.parse({
  id: 'vendor',
  title: 'Vendor',
  api: 'openai-chat',
  baseUrl: 'http://127.0.0.1:1/v1',
  models: [{ id: 'small', contextWindow: 8_000, maxOutputTokens: 1_000, intelligence: 5 }],
});
const never = new AbortController().signal;

type End = (error?: ExaiError) => void;

/** Answers each request when the test says so. */
class HeldClient extends ModelClient {
  /** What ends the requests that are under way, oldest first. */
  readonly underWay: End[] = [];

  complete(): Promise<Completion> {
    return new Promise((resolve, reject) => {
      const usage = { input: 1, output: 1, total: 2 };
      const answer = { content: 'fine', usage, model: 'small', provider: 'vendor', latencyMs: 1 };
      this.underWay.push((error) => (error ? reject(error) : resolve({ ...answer, finishReason: 'stop' })));
    });
  }

  preview(): never {
    throw new Error('is not asked for');
  }

  listRemoteModels(): Promise<readonly []> {
    return Promise.resolve([]);
  }

  classifyError(): ExaiError {
    return new ExaiError('INTERNAL');
  }
}

/** Calls that one process put back, with the real state of a provider that has one slot and a line of one. */
describe('PostponedCalls', () => {
  let client: HeldClient;
  let guarded: ModelClient;
  let calls: PostponedCalls;
  let woken: string[];

  beforeEach(() => {
    register.clear();
    const metrics = new Metrics();
    const resilience = new Resilience(metrics);
    client = new HeldClient();
    guarded = resilience.guard(client, {
      provider: vendor,
      apiKey: 'a-key',
      baseUrl: vendor.baseUrl,
      timeouts: { firstByteMs: 5_000, idleMs: 5_000, totalMs: 5_000 },
      maxInflight: 1,
      fetch: globalThis.fetch,
    });
    woken = [];
    const logger = new PinoLogger({ pinoHttp: { level: 'silent' } });
    calls = new PostponedCalls(new ProviderPlaces(resilience), metrics, logger);
  });

  afterEach(() => calls.onApplicationShutdown());

  /** Resolves with how it ended. */
  function ask(cameBack = false): Promise<string> {
    const [model] = vendor.models;
    if (!model) throw new Error('has no model');
    return guarded.complete({ model, messages: [], correlationId: 'c-1', cameBack }, never).then(
      ({ content }) => content,
      (error: ProviderBusy | ExaiError) => ('why' in error ? error.why : error.code),
    );
  }

  async function end(error?: ExaiError): Promise<void> {
    client.underWay.shift()?.(error);
    await delay(5);
  }

  function add(callId: string, createdAt: number, dueInMs = 60_000, wake = () => Promise.resolve()): void {
    calls.add({
      callId,
      provider: 'vendor',
      createdAt,
      dueAt: Date.now() + dueInMs,
      wake: () => {
        woken.push(callId);
        return wake();
      },
    });
  }

  /** Fills the slot and the line. */
  async function fill(): Promise<void> {
    const ends = [ask(), ask()];
    onTestFinished(async () => {
      while (client.underWay.length > 0) await end();
      await Promise.all(ends);
    });
    await delay(5);
    expect(await ask()).toBe('full');
  }

  it('wakes the oldest call for each place that becomes free, and no call that came later', async () => {
    await fill();
    add('third', 3);
    add('first', 1);
    add('second', 2);
    expect(woken).toEqual([]);
    await end();
    expect(woken).toEqual(['first']);
    const first = ask(true);
    calls.settle('nobody');
    await end();
    expect(woken).toEqual(['first', 'second']);
    await end();
    expect(await first).toBe('fine');
    expect(woken).toEqual(['first', 'second', 'third']);
  });

  it('keeps the place for the woken call', async () => {
    await fill();
    add('first', 1);
    await end();
    expect(await ask()).toBe('full');
    const first = ask(true);
    await end();
    await end();
    expect(await first).toBe('fine');
  });

  it('wakes at once what was put back while a place became free', async () => {
    await fill();
    await end();
    add('first', 1);
    expect(woken).toEqual(['first']);
  });

  it('gives the place on when the attempt ended without it', async () => {
    await fill();
    add('first', 1);
    add('second', 2);
    await end();
    calls.settle('first');
    expect(woken).toEqual(['first', 'second']);
  });

  it('gives the place on when the woken call does not come', async () => {
    await fill();
    add('first', 1);
    add('second', 2);
    await end();
    await expect.poll(() => woken, { timeout: 2_000 }).toEqual(['first', 'second']);
  });

  it('gives the place on when the call cannot be woken', async () => {
    await fill();
    add('first', 1, 60_000, () => Promise.reject(new Error('is not delayed')));
    add('second', 2);
    await end();
    expect(woken).toEqual(['first', 'second']);
  });

  it('leaves alone what is due by itself', async () => {
    await fill();
    add('first', 1, 20);
    add('second', 2);
    await delay(30);
    await end();
    expect(woken).toEqual(['second']);
  });

  it('wakes nobody while the vendor wants a pause', async () => {
    await fill();
    add('first', 1);
    await end(new ExaiError('PROVIDER_RATE_LIMITED', { provider: 'vendor', retryAfterMs: 5_000 }));
    expect(client.underWay).toEqual([]);
    expect(await ask(true)).toBe('rate_limited');
    expect(woken).toEqual([]);
  });
});
