import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { LimitedClient } from './limited.client.js';
import { ModelClient, type Completion, type CompletionRequest } from '../model-client.js';

const REQUEST = {} as CompletionRequest;
const never = new AbortController().signal;

/** A provider that takes 20 ms and counts how many requests it sees at once. */
class CountingClient extends ModelClient {
  running = 0;
  most = 0;
  asked = 0;

  override async complete(): Promise<Completion> {
    this.asked += 1;
    this.running += 1;
    this.most = Math.max(this.most, this.running);
    await delay(20);
    this.running -= 1;
    return { content: 'done' } as Completion;
  }
}

describe('LimitedClient', () => {
  it('never lets more requests out than it may, and answers all', async () => {
    const provider = new CountingClient();
    const client = new LimitedClient(provider, 3);
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.complete(REQUEST, never)));
    expect(answers).toHaveLength(20);
    expect(provider.most).toBe(3);
  });

  it('ends a cancelled wait at once, asks nothing for it, and hands its turn on', async () => {
    const provider = new CountingClient();
    const client = new LimitedClient(provider, 1);
    const cancel = new AbortController();
    const first = client.complete(REQUEST, never);
    const second = client.complete(REQUEST, cancel.signal);
    const third = client.complete(REQUEST, never);
    cancel.abort(new Error('cancelled'));
    await expect(second).rejects.toThrow('cancelled');
    expect(provider.running).toBe(1);
    await Promise.all([first, third]);
    expect(provider.asked).toBe(2);
  });

  it('passes a failure on and goes on working', async () => {
    class Failing extends ModelClient {
      override complete(): Promise<Completion> {
        return Promise.reject(new Error('refused'));
      }
    }
    const client = new LimitedClient(new Failing(), 1);
    await expect(client.complete(REQUEST, never)).rejects.toThrow('refused');
    await expect(client.complete(REQUEST, never)).rejects.toThrow('refused');
  });
});
