import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { Metrics } from '#libs/observability';
import { register } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defineProvider, type ProviderEntry } from '../define.js';
import { ProviderRegistry } from '../provider-registry.js';
import { RESILIENCE_LIMITS } from '../resilience/limits.js';
import { Resilience } from '../resilience/resilience.js';
import { ModelRouter } from './model-router.js';
import type { ModelWish, RouteDecision } from './route-decision.js';

const PAUSE_MS = 2_000;
const CARD = { contextWindow: 200_000, maxOutputTokens: 8_000 };
/** Slots and places in the line of one provider. */
const PLACES = 8 + RESILIENCE_LIMITS.lineLength;

type Answer = (response: ServerResponse) => void;

const fine: Answer = (response) => {
  const choices = [{ index: 0, message: { role: 'assistant', content: 'fine' }, finish_reason: 'stop' }];
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ id: '1', choices, usage: { prompt_tokens: 1, completion_tokens: 1 } }));
};
const silent: Answer = () => undefined;

function refused(status: number): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end('{"error":{"message":"no"}}');
  };
}

/** A vendor that answers as it is told, on a port of its own. */
class Vendor {
  answer = fine;
  /** Requests so far. */
  received = 0;
  private readonly server: Server;

  constructor() {
    this.server = createServer((incoming, response) => {
      this.received += 1;
      const { answer } = this;
      incoming.resume().on('end', () => answer(response));
    });
  }

  /** Resolves when this many further requests have come than at `before`. */
  async has(count: number, before: number): Promise<void> {
    await vi.waitFor(() => expect(this.received).toBe(before + count), { timeout: 5_000 });
  }

  async start(id: string, priority: number, models: ProviderEntry['models']): Promise<ProviderEntry> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    const baseUrl = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
    const open = { keyless: true, allowPrivate: true };
    return defineProvider({ id, title: id, api: 'openai-chat', baseUrl, priority, models, ...open });
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

let alpha: Vendor;
let beta: Vendor;
let entries: ProviderEntry[];
let registry: ProviderRegistry;
let router: ModelRouter;
const registries: ProviderRegistry[] = [];

beforeEach(async () => {
  alpha = new Vendor();
  beta = new Vendor();
  entries = [
    await alpha.start('alpha', 1, [
      { ...CARD, id: 'alpha-best', intelligence: 15 },
      { ...CARD, id: 'alpha-good', intelligence: 10 },
    ]),
    await beta.start('beta', 2, [{ ...CARD, id: 'beta-plain', intelligence: 5, contextWindow: 100_000 }]),
  ];
  useConfig({});
});

afterEach(async () => {
  await Promise.all(registries.splice(0).map((each) => each.close()));
  register.clear();
  await alpha.stop();
  await beta.stop();
});

function useConfig(env: Record<string, string>): void {
  register.clear();
  const resilience = new Resilience(new Metrics(), { ...RESILIENCE_LIMITS, halfOpenAfterMs: PAUSE_MS });
  registry = ProviderRegistry.build(entries, loadConfig(env), undefined, (client, settings) =>
    resilience.guard(client, settings),
  );
  registries.push(registry);
  router = new ModelRouter(registry, resilience);
}

function wish(extra: Partial<ModelWish> = {}): ModelWish {
  return { model: 'auto', category: 'EXTENDED_REASONING', requires: {}, failures: [], ...extra };
}

/** Asks a model; answers the code of the failure, or `ok`. */
async function ask(model: string): Promise<string> {
  const card = registry.getCapabilities(model);
  const messages = [{ role: 'user', content: 'hello' }] as const;
  const request = { model: card, messages, correlationId: 'c-1', streamed: false };
  try {
    await registry.provider(card.provider).chat(request, new AbortController().signal);
    return 'ok';
  } catch (error) {
    return error instanceof ExaiError ? error.code : String(error);
  }
}

async function breakModel(model: string, vendor: Vendor): Promise<void> {
  vendor.answer = refused(503);
  for (let index = 0; index < RESILIENCE_LIMITS.faultsInARow; index += 1) await ask(model);
}

/** Takes every place of a provider; they are free again when it is stopped. */
async function fill(model: string, vendor: Vendor): Promise<void> {
  const before = vendor.received;
  vendor.answer = silent;
  for (let index = 0; index < PLACES; index += 1) void ask(model);
  // The others stand in line, which they entered before the first of these was sent.
  await vendor.has(PLACES - RESILIENCE_LIMITS.lineLength, before);
}

function chosen({ card, reason }: RouteDecision): string {
  return `${card.id} ${reason}`;
}

function refusal(extra: Partial<ModelWish>, attempt = 1): ExaiError {
  try {
    router.choose(wish(extra), attempt);
  } catch (error) {
    if (error instanceof ExaiError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('automatic routing around an open circuit', () => {
  it('skips the model, says so, and comes back to it after the pause', async () => {
    await breakModel('alpha-best', alpha);
    const decision = router.choose(wish(), 1);
    expect(chosen(decision)).toBe('alpha-good auto');
    expect(decision.trace.rejected).toEqual([
      { model: 'alpha-best', why: 'failed repeatedly, is asked again in 2 s' },
    ]);
    await delay(PAUSE_MS + 5);
    expect(chosen(router.choose(wish(), 1))).toBe('alpha-best auto');
  });

  it('skips it also as the default and as the model of the thread', async () => {
    useConfig({ EXAI_DEFAULT_MODEL: 'alpha-best' });
    await breakModel('alpha-best', alpha);
    await breakModel('alpha-good', alpha);
    const decision = router.choose(wish({ previousModel: 'alpha-good' }), 1);
    expect(chosen(decision)).toBe('beta-plain auto');
    expect(decision.trace.rejected.map(({ model }) => model)).toEqual(['alpha-best', 'alpha-good']);
  });

  it('waits for the first that is tried again when nothing else stands in the way', async () => {
    await breakModel('beta-plain', beta);
    await delay(100);
    await breakModel('alpha-best', alpha);
    await breakModel('alpha-good', alpha);
    const error = refusal({});
    expect(error.code).toBe('CIRCUIT_OPEN');
    expect(error.retryable).toBe(true);
    expect(error.details).toMatchObject({ provider: 'beta', model: 'beta-plain' });
    expect(error.details.retryAfterMs).toBeLessThanOrEqual(PAUSE_MS - 100);
    await delay(error.details.retryAfterMs ?? 0);
    expect(chosen(router.choose(wish(), 1))).toBe('beta-plain auto');
  });

  it('does not wait for a circuit when the model could not do the call anyway', async () => {
    await breakModel('alpha-best', alpha);
    const error = refusal({ requires: { images: true } });
    expect(error.code).toBe('NO_MODEL_AVAILABLE');
    expect(error.details.reason).toBe('alpha-best, alpha-good, beta-plain (takes no images)');
  });

  it('waits only for windows larger than one that was too small before', async () => {
    await breakModel('alpha-best', alpha);
    await breakModel('alpha-good', alpha);
    const small = [{ provider: 'beta', model: 'beta-plain', code: 'CONTEXT_TOO_LARGE' }];
    expect(refusal({ failures: small }, 2).code).toBe('CIRCUIT_OPEN');
    const large = [{ provider: 'alpha', model: 'alpha-best', code: 'CONTEXT_TOO_LARGE' }];
    const error = refusal({ failures: large }, 2);
    expect([error.code, error.details['limit']]).toEqual(['CONTEXT_TOO_LARGE', 200_000]);
  });

  it('leaves the provider that refuses the key, and says why', async () => {
    alpha.answer = refused(401);
    expect(await ask('alpha-good')).toBe('PROVIDER_AUTH');
    const decision = router.choose(wish(), 1);
    expect(chosen(decision)).toBe('beta-plain auto');
    const why = 'its provider refuses the key or the account';
    expect(decision.trace.rejected).toContainEqual({ model: 'alpha-best', why });
    beta.answer = refused(401);
    await ask('beta-plain');
    const error = refusal({});
    expect([error.code, error.details.retryAfterMs]).toEqual(['PROVIDER_AUTH', undefined]);
  });

  it('moves a call from attempt to attempt to what still answers', async () => {
    await alpha.stop();
    alpha = new Vendor();
    await alpha.start('unused', 1, []);
    const failures: ModelWish['failures'][number][] = [];
    const path: string[] = [];
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const { card, next } = router.choose(wish({ failures }), attempt);
      path.push(card.id);
      const code = await ask(card.id);
      if (code === 'ok') break;
      expect(next).toEqual({ provider: 'beta', model: 'beta-plain', sameProvider: false });
      failures.push({ provider: card.provider, model: card.id, code });
    }
    expect(path).toEqual(['alpha-best', 'beta-plain']);
  });
});

describe('a named model behind an open circuit', () => {
  it('is refused with the time to wait and with models that answer', async () => {
    await breakModel('alpha-best', alpha);
    const error = refusal({ model: 'alpha-best' });
    expect(error.code).toBe('CIRCUIT_OPEN');
    expect(error.details).toMatchObject({ provider: 'alpha', model: 'alpha-best' });
    expect(error.details.retryAfterMs).toBeLessThanOrEqual(PAUSE_MS);
    expect(error.details.suggestions).toEqual(['alpha-good', 'beta-plain']);
    await breakModel('beta-plain', beta);
    expect(refusal({ model: 'alpha-best' }).details.suggestions).toEqual(['alpha-good']);
  });

  it('is refused with what its provider said about the key', async () => {
    alpha.answer = refused(401);
    await ask('alpha-best');
    const error = refusal({ model: 'alpha-good' });
    expect(error.code).toBe('PROVIDER_AUTH');
    expect(error.details).toMatchObject({ variable: 'ALPHA_API_KEY', suggestions: ['beta-plain'] });
  });

  it('is let through to try after the pause', async () => {
    await breakModel('alpha-best', alpha);
    await delay(PAUSE_MS + 5);
    alpha.answer = fine;
    expect(chosen(router.choose(wish({ model: 'alpha-best' }), 1))).toBe('alpha-best explicit');
    expect(await ask('alpha-best')).toBe('ok');
  });
});

describe('a provider that is full', () => {
  it('comes behind another with a free place, and the trace says so', async () => {
    await fill('alpha-best', alpha);
    const decision = router.choose(wish(), 1);
    expect(chosen(decision)).toBe('beta-plain auto');
    const why = 'its provider is full now';
    expect(decision.trace.rejected).toEqual([
      { model: 'alpha-best', why },
      { model: 'alpha-good', why },
    ]);
    const second = router.choose(wish(), 2);
    expect(second.card.id).toBe('alpha-best');
    expect(second.trace.rejected).toEqual([{ model: 'alpha-good', why }]);
  });

  it('comes behind another as soon as its slots are taken, though its line has room', async () => {
    alpha.answer = silent;
    for (let index = 0; index < PLACES / 2; index += 1) {
      expect(chosen(router.choose(wish(), 1))).toBe('alpha-best auto');
      const before = alpha.received;
      void ask('alpha-best');
      await alpha.has(1, before);
    }
    expect(chosen(router.choose(wish(), 1))).toBe('beta-plain auto');
    await fill('beta-plain', beta);
    expect(chosen(router.choose(wish(), 1))).toBe('alpha-best auto');
  });

  it('comes behind another after a fault, until what is under way there has told more', async () => {
    expect(await ask('alpha-best')).toBe('ok');
    alpha.answer = silent;
    void ask('alpha-best');
    await alpha.has(1, 1);
    expect(chosen(router.choose(wish(), 1))).toBe('alpha-best auto');
    alpha.answer = refused(503);
    await ask('alpha-best');
    expect(chosen(router.choose(wish(), 1))).toBe('beta-plain auto');
    alpha.answer = fine;
    await ask('alpha-best');
    expect(chosen(router.choose(wish(), 1))).toBe('alpha-best auto');
  });

  it('is waited for by the default, by a thread, and by a caller who named it', async () => {
    useConfig({ EXAI_DEFAULT_MODEL: 'alpha-best' });
    await fill('alpha-best', alpha);
    expect(chosen(router.choose(wish(), 1))).toBe('alpha-best default');
    useConfig({});
    await fill('alpha-best', alpha);
    expect(chosen(router.choose(wish({ previousModel: 'alpha-good' }), 1))).toBe('alpha-good thread');
    expect(chosen(router.choose(wish({ model: 'alpha-best' }), 1))).toBe('alpha-best explicit');
  });

  it('keeps its place when all are full', async () => {
    await fill('alpha-best', alpha);
    await fill('beta-plain', beta);
    const decision = router.choose(wish(), 1);
    expect(chosen(decision)).toBe('alpha-best auto');
    expect(decision.trace.rejected).toEqual([]);
  });
});
