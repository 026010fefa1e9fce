import { ExaiError } from '#libs/errors';
import { type Completion, type CompletionUsage, modelCardSchema, ProviderBusy } from '#libs/providers';
import { describe, expect, it } from 'vitest';
import { askPaid } from './paid-request.js';
import { type CostEstimate, type Spending } from './spending.js';

const PRICED = modelCardSchema.parse({
  id: 'priced-1',
  provider: 'vendor',
  contextWindow: 100_000,
  maxOutputTokens: 4_000,
  intelligence: 10,
  price: { input: 2, cachedInput: 0.5, output: 10 },
});
const INPUT_USD = 0.002;

/** An account in memory that remembers what was reserved and settled. */
class Account implements Spending {
  readonly reserved: CostEstimate[] = [];
  readonly settled: number[] = [];

  constructor(private readonly isEmpty = false) {}

  reserve(estimate: CostEstimate) {
    if (this.isEmpty) return Promise.reject(new ExaiError('QUOTA_EXCEEDED'));
    this.reserved.push(estimate);
    return Promise.resolve({ settle: (usd: number) => void this.settled.push(usd) });
  }
}

function answer(usage: CompletionUsage): Completion {
  return { content: 'x', usage, model: 'priced-1', provider: 'vendor', finishReason: 'stop', latencyMs: 1 };
}

const USAGE = { input: 1_000, output: 100, total: 1_100, cached: 400 };

/** Admits the request as a provider with a free place does. */
function ask(
  account: Account,
  answerTo: () => Promise<Completion>,
  more: { price?: object; signal?: AbortSignal; limitUsd?: number } = {},
) {
  const { price, limitUsd = Infinity, signal = new AbortController().signal } = more;
  const card = 'price' in more ? modelCardSchema.parse({ ...PRICED, price }) : PRICED;
  return askPaid({
    card,
    inputTokens: 1_000,
    maxOutputTokens: 500,
    limitUsd,
    signal,
    spending: account,
    send: async (admit) => {
      await admit?.();
      return answerTo();
    },
  });
}

describe('a request that costs money', () => {
  it('is reserved by estimate and settled by what the vendor counted', async () => {
    const account = new Account();
    await ask(account, () => Promise.resolve(answer(USAGE)));
    expect(account.reserved).toEqual([{ usd: INPUT_USD + 0.005, inputUsd: INPUT_USD }]);
    expect(account.settled).toEqual([(600 * 2 + 400 * 0.5 + 100 * 10) / 1e6]);
  });

  it.each([
    [new ExaiError('PROVIDER_TIMEOUT', { stage: 'idle' }), INPUT_USD],
    [new ExaiError('PROVIDER_BAD_RESPONSE'), INPUT_USD],
    [new ExaiError('OUTPUT_TOO_LARGE'), INPUT_USD],
    [new ExaiError('PROVIDER_TIMEOUT', { stage: 'connect' }), 0],
    [new ExaiError('PROVIDER_UNAVAILABLE'), 0],
    [new ExaiError('PROVIDER_AUTH'), 0],
  ])('settles after %s at $%d', async (failure, usd) => {
    const account = new Account();
    await expect(ask(account, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(account.settled).toEqual([usd]);
  });

  it('holds nothing while the provider has no place for it', async () => {
    const account = new Account();
    const signal = new AbortController().signal;
    const busy = new ProviderBusy('vendor', 100, 'full');
    const send = () => Promise.reject(busy);
    const facts = { card: PRICED, inputTokens: 1_000, maxOutputTokens: 500, limitUsd: Infinity, signal };
    await expect(askPaid({ ...facts, spending: account, send })).rejects.toBe(busy);
    expect(account).toMatchObject({ reserved: [], settled: [] });
  });

  it('counts the prompt of a call that was cancelled on its way', async () => {
    const account = new Account();
    const cancel = new AbortController();
    const send = () => {
      cancel.abort(new ExaiError('CANCELLED'));
      return Promise.reject(new ExaiError('CANCELLED'));
    };
    await expect(ask(account, send, { signal: cancel.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(account.settled).toEqual([INPUT_USD]);
  });

  it('is not sent when it may cost more than the limit of one call', async () => {
    const account = new Account();
    const send = () => Promise.resolve(answer(USAGE));
    await expect(ask(account, send, { limitUsd: 0.006 })).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
      message: expect.stringContaining('priced-1 may cost $0.0070') as string,
    });
    expect(account.reserved).toEqual([]);
    await ask(account, send, { limitUsd: 0.007 });
  });

  it('is not sent when the budget refuses it', async () => {
    let sent = false;
    const send = () => {
      sent = true;
      return Promise.resolve(answer(USAGE));
    };
    await expect(ask(new Account(true), send)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    expect(sent).toBe(false);
  });
});

it.each([
  ['no price', undefined],
  ['the price 0', { input: 0, output: 0 }],
])('a model with %s needs no reservation, and answers when the budget is used up', async (_what, price) => {
  const account = new Account(true);
  await ask(account, () => Promise.resolve(answer(USAGE)), { price: price as object });
  expect(account.reserved).toEqual([]);
});
