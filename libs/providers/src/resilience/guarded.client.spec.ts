import { once, setMaxListeners } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ExaiError } from '#libs/errors';
import { Metrics } from '#libs/observability';
import { register } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelCard } from '../catalogue/model-card.js';
import { OpenAiChatClient } from '../clients/openai-chat.client.js';
import { providerSchema } from '../define.js';
import type { Completion, CompletionDelta, ModelClient } from '../model-client.js';
import { type Outbound, openOutbound } from '../outbound/outbound.js';
import { RESILIENCE_LIMITS } from './limits.js';
import { ProviderBusy } from './provider-busy.js';
import { type CircuitChange, Resilience } from './resilience.js';

const PAUSE_MS = 500;
const LIMITS = { ...RESILIENCE_LIMITS, halfOpenAfterMs: PAUSE_MS };
const never = new AbortController().signal;
setMaxListeners(0, never);

const MODEL = { contextWindow: 8_000, maxOutputTokens: 1_000, intelligence: 5 };
const vendor = providerSchema.parse({
  id: 'vendor',
  title: 'Vendor',
  api: 'openai-chat',
  baseUrl: 'http://127.0.0.1:1/v1',
  models: [
    { id: 'small', ...MODEL },
    { id: 'large', ...MODEL },
  ],
  quirks: {
    errors: [{ code: 'not_in_plan', becomes: 'PROVIDER_AUTH', scope: 'model' }],
    retryAfterText: 'after (\\d+) seconds',
  },
});
const [small, large] = vendor.models as [ModelCard, ModelCard];

type Answer = (response: ServerResponse) => void;

const fine: Answer = (response) => {
  const choices = [{ index: 0, message: { role: 'assistant', content: 'fine' }, finish_reason: 'stop' }];
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ id: '1', choices, usage: { prompt_tokens: 1, completion_tokens: 1 } }));
};

function refused(status: number, error: object = {}, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ error: { message: 'no', ...error } }));
  };
}

const broken = refused(503);
const silent: Answer = () => undefined;

let server: Server;
let outbound: Outbound;
let resilience: Resilience;
let client: ModelClient;
/** How the vendor answers, by model. */
let answers: Record<string, Answer>;
/** Models in the order in which requests for them came. */
let received: string[];

beforeEach(async () => {
  answers = { small: fine, large: fine };
  received = [];
  outbound = openOutbound({ allowPrivate: true });
  resilience = new Resilience(new Metrics(), LIMITS);
  await listen(0);
  client = guarded('key-1');
});

afterEach(async () => {
  register.clear();
  await outbound.close();
  await stop();
});

async function listen(port: number): Promise<void> {
  server = createServer((incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const { model } = JSON.parse(Buffer.concat(parts).toString()) as { model: string };
      received.push(model);
      answers[model]?.(response);
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}

async function stop(): Promise<number> {
  if (!server.listening) return 0;
  const { port } = server.address() as AddressInfo;
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  return port;
}

function guarded(apiKey: string, maxInflight = 8): ModelClient {
  const settings = {
    provider: vendor,
    apiKey,
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    timeouts: { firstByteMs: 5_000, idleMs: 5_000, totalMs: 5_000 },
    maxInflight,
    fetch: outbound.fetch,
  };
  return resilience.guard(new OpenAiChatClient(settings), settings);
}

interface Way {
  readonly signal?: AbortSignal;
  readonly streamed?: boolean;
  readonly onDelta?: (delta: CompletionDelta) => void;
}

function ask(model: ModelCard, { signal = never, streamed = false, onDelta }: Way = {}): Promise<Completion> {
  const messages = [{ role: 'user', content: 'hello' }] as const;
  return client.complete({ model, messages, correlationId: 'c-1', streamed }, signal, onDelta);
}

/** The code of a refusal, `busy` for a call that is sent back, or `ok`. */
async function endOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'ok';
  } catch (error) {
    if (error instanceof ProviderBusy) return 'busy';
    if (error instanceof ExaiError) return error.code;
    throw error;
  }
}

async function errorOf(promise: Promise<unknown>): Promise<ExaiError> {
  const error: unknown = await promise.catch((thrown: unknown) => thrown);
  if (error instanceof ExaiError) return error;
  throw new Error('nothing was refused', { cause: error });
}

async function times(count: number, model: ModelCard): Promise<string[]> {
  const ends: string[] = [];
  for (let index = 0; index < count; index += 1) ends.push(await endOf(ask(model)));
  return ends;
}

describe('the circuit of a model', () => {
  it('opens after five faults in a row, and refuses without asking', async () => {
    answers['small'] = broken;
    expect(await times(6, small)).toEqual([...Array<string>(5).fill('PROVIDER_UNAVAILABLE'), 'CIRCUIT_OPEN']);
    expect(received).toHaveLength(5);
    const error = await errorOf(ask(small));
    expect(error.details).toMatchObject({ provider: 'vendor', model: 'small' });
    expect(error.details.retryAfterMs).toBeGreaterThan(0);
    expect(error.details.retryAfterMs).toBeLessThanOrEqual(PAUSE_MS);
    expect(resilience.circuitOf(small)).toMatchObject({ state: 'open', cause: 'PROVIDER_UNAVAILABLE' });
  });

  it('does not concern another model of the provider', async () => {
    answers['small'] = broken;
    await times(6, small);
    expect(await times(2, large)).toEqual(['ok', 'ok']);
    expect(resilience.circuitOf(large)).toEqual({ state: 'closed' });
  });

  it('opens when half of twenty requests fail, not before', async () => {
    for (let index = 0; index < 19; index += 1) {
      answers['small'] = index % 2 === 0 ? fine : broken;
      await endOf(ask(small));
    }
    expect(resilience.circuitOf(small).state).toBe('closed');
    answers['small'] = broken;
    await endOf(ask(small));
    expect(resilience.circuitOf(small).state).toBe('open');
  });

  it.each([
    ['a fault of the request', refused(400), 'PROVIDER_REJECTED'],
    ['a prompt too long', refused(400, { code: 'context_length_exceeded' }), 'CONTEXT_TOO_LARGE'],
    ['a model that is not there', refused(404), 'MODEL_NOT_FOUND'],
    ['a rate limit', refused(429), 'PROVIDER_RATE_LIMITED'],
  ])('stays closed for %s', async (_what, answer, code) => {
    answers['small'] = answer;
    expect(await times(12, small)).toEqual(Array(12).fill(code));
    expect(received).toHaveLength(12);
  });

  it('stays closed for callers who give up', async () => {
    answers['small'] = silent;
    for (let index = 0; index < 8; index += 1) {
      expect(await endOf(ask(small, { signal: AbortSignal.timeout(15) }))).toBe('CANCELLED');
    }
    expect(resilience.circuitOf(small).state).toBe('closed');
  });

  it('is not closed by callers who give up between faults', async () => {
    for (let index = 0; index < 5; index += 1) {
      answers['small'] = broken;
      await endOf(ask(small));
      answers['small'] = silent;
      await endOf(ask(small, { signal: AbortSignal.timeout(15) }));
    }
    expect(resilience.circuitOf(small).state).toBe('open');
  });

  it('lets one request try after the pause, refuses the others meanwhile, and closes when it succeeds', async () => {
    answers['small'] = broken;
    await times(5, small);
    await delay(PAUSE_MS + 5);
    expect(resilience.circuitOf(small)).toMatchObject({ state: 'half_open', retryInMs: 0 });
    let held: ServerResponse | undefined;
    answers['small'] = (response) => void (held = response);
    const probe = endOf(ask(small));
    await expect.poll(() => held).toBeDefined();
    expect(await times(20, small)).toEqual(Array(20).fill('CIRCUIT_OPEN'));
    expect(resilience.circuitOf(small)).toMatchObject({ state: 'half_open', retryInMs: 1_000 });
    answers['small'] = fine;
    if (held) fine(held);
    expect(await probe).toBe('ok');
    expect(received).toHaveLength(6);
    expect(await times(3, small)).toEqual(['ok', 'ok', 'ok']);
  });

  it('opens again for as long when that request fails', async () => {
    answers['small'] = broken;
    await times(5, small);
    await delay(PAUSE_MS + 5);
    expect(await times(2, small)).toEqual(['PROVIDER_UNAVAILABLE', 'CIRCUIT_OPEN']);
    expect(resilience.circuitOf(small).retryInMs).toBeGreaterThan(PAUSE_MS / 2);
  });

  it('gives the place of a cancelled attempt to the next, and takes it for no proof', async () => {
    answers['small'] = broken;
    await times(5, small);
    await delay(PAUSE_MS + 5);
    answers['small'] = silent;
    for (let index = 0; index < 3; index += 1) {
      expect(await endOf(ask(small, { signal: AbortSignal.timeout(20) }))).toBe('CANCELLED');
      expect(resilience.circuitOf(small)).toMatchObject({ state: 'half_open', retryInMs: 0 });
    }
    answers['small'] = fine;
    expect(await times(2, small)).toEqual(['ok', 'ok']);
  });

  it('closes at the first piece of an answer, and still counts how the answer ends', async () => {
    answers['small'] = broken;
    await times(5, small);
    await delay(PAUSE_MS + 5);
    let finish: (() => void) | undefined;
    answers['small'] = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const choices = [{ index: 0, delta: { content: 'I see' }, finish_reason: null }];
      response.write(`data: ${JSON.stringify({ id: '1', choices })}\n\n`);
      finish = () => response.destroy();
    };
    const pieces: string[] = [];
    const heard = new Promise<void>((resolve) => {
      const onDelta = ({ value }: CompletionDelta): void => {
        pieces.push(value);
        resolve();
      };
      void endOf(ask(small, { streamed: true, onDelta })).then((end) => pieces.push(end));
    });
    await heard;
    await delay(5);
    expect(resilience.circuitOf(small).state).toBe('closed');
    answers['small'] = broken;
    expect(await times(4, small)).toEqual(Array(4).fill('PROVIDER_UNAVAILABLE'));
    finish?.();
    await expect.poll(() => pieces).toHaveLength(2);
    // Four faults and the broken end of the answer that had begun well.
    expect(resilience.circuitOf(small).state).toBe('open');
  });

  it('hears nothing of requests from before it opened', async () => {
    const hanging: ServerResponse[] = [];
    answers['small'] = (response) => void hanging.push(response);
    const old = Array.from({ length: 5 }, () => endOf(ask(small)));
    await expect.poll(() => hanging).toHaveLength(5);
    answers['small'] = broken;
    await times(5, small);
    await delay(PAUSE_MS + 5);
    answers['small'] = fine;
    expect(await endOf(ask(small))).toBe('ok');
    for (const response of hanging) broken(response);
    expect(await Promise.all(old)).toEqual(Array(5).fill('PROVIDER_UNAVAILABLE'));
    expect(resilience.circuitOf(small).state).toBe('closed');
  });

  it('is looked at again by a call that had to wait for a slot', async () => {
    client = guarded('key-2', 1);
    answers['small'] = broken;
    await times(4, small);
    answers['small'] = (response) => void setTimeout(() => broken(response), 30);
    expect(await Promise.all([endOf(ask(small)), endOf(ask(small))])).toEqual([
      'PROVIDER_UNAVAILABLE',
      'CIRCUIT_OPEN',
    ]);
    expect(received).toHaveLength(5);
  });
});

describe('what a request asks before it is sent', () => {
  it('is asked once it has its place, and may take so long that the circuit opens', async () => {
    let isAsked = false;
    let admitted = (): void => undefined;
    const admit = (): Promise<void> => {
      isAsked = true;
      return new Promise((resolve) => (admitted = resolve));
    };
    const request = { model: small, messages: [], correlationId: 'c-1', streamed: false, admit };
    const end = endOf(client.complete(request, never));
    await expect.poll(() => isAsked).toBe(true);
    expect(received).toEqual([]);
    answers['small'] = broken;
    await times(5, small);
    admitted();
    expect(await end).toBe('CIRCUIT_OPEN');
    expect(received).toHaveLength(5);
  });

  it('is not asked for a call that is sent back', async () => {
    answers['small'] = silent;
    const cancel = new AbortController();
    setMaxListeners(0, cancel.signal);
    const running = Array.from({ length: 16 }, () => endOf(ask(small, { signal: cancel.signal })));
    await delay(20);
    let asked = 0;
    const admit = (): Promise<void> => Promise.resolve(void (asked += 1));
    const request = { model: small, messages: [], correlationId: 'c-1', streamed: false, admit };
    expect(await endOf(client.complete(request, never))).toBe('busy');
    expect(asked).toBe(0);
    cancel.abort();
    await Promise.allSettled(running);
  });
});

describe('the circuit of a provider', () => {
  it('opens for every model when nobody listens, and closes once somebody does', async () => {
    const port = await stop();
    expect(await times(5, small)).toEqual(Array(5).fill('PROVIDER_UNAVAILABLE'));
    expect(await endOf(ask(large))).toBe('CIRCUIT_OPEN');
    expect(resilience.report()[0]).toMatchObject({ provider: 'vendor', state: 'open' });
    await listen(port);
    await delay(PAUSE_MS + 5);
    expect(await times(2, large)).toEqual(['ok', 'ok']);
    expect(await times(2, small)).toEqual(['ok', 'ok']);
    expect(resilience.report()[0]?.models).toEqual([]);
  });

  it('stays open for a refused key until there is another, and says what to set', async () => {
    answers['small'] = refused(401);
    expect(await endOf(ask(small))).toBe('PROVIDER_AUTH');
    await delay(2 * PAUSE_MS);
    const error = await errorOf(ask(large));
    expect(error.code).toBe('PROVIDER_AUTH');
    expect(error.details).toEqual({ provider: 'vendor', model: 'large', variable: 'VENDOR_API_KEY' });
    expect(error.hint).toContain('VENDOR_API_KEY');
    expect(resilience.circuitOf(large)).toEqual({ state: 'open', cause: 'PROVIDER_AUTH' });
    expect(received).toHaveLength(1);
    client = guarded('key-1');
    expect(await endOf(ask(large))).toBe('PROVIDER_AUTH');
    answers['small'] = fine;
    client = guarded('key-2');
    expect(await times(1, small)).toEqual(['ok']);
  });

  it('is not concerned when only a model is refused to the key', async () => {
    answers['small'] = refused(403, { code: 'not_in_plan' });
    expect(await times(2, small)).toEqual(['PROVIDER_AUTH', 'PROVIDER_AUTH']);
    expect(received).toHaveLength(1);
    expect(await endOf(ask(large))).toBe('ok');
  });

  it('waits for the reset of a used-up plan, then tries', async () => {
    answers['small'] = refused(402, { message: 'used up, try after 1 seconds' });
    expect(await endOf(ask(small))).toBe('PROVIDER_QUOTA');
    const error = await errorOf(ask(large));
    expect(error.code).toBe('PROVIDER_QUOTA');
    expect(error.details.retryAfterMs).toBeGreaterThan(800);
    expect(received).toHaveLength(1);
    await delay(1_010);
    expect(await endOf(ask(large))).toBe('ok');
  });

  it('waits five minutes where no reset is told', async () => {
    answers['small'] = refused(402);
    await endOf(ask(small));
    expect((await errorOf(ask(small))).details.retryAfterMs).toBeGreaterThan(299_000);
  });
});

describe('limits of the vendor', () => {
  it('sends calls back while the vendor wants a pause, and the retry of the refused one through', async () => {
    answers['small'] = refused(429, {}, { 'retry-after': '1' });
    const error = await errorOf(ask(small));
    const refusedAt = performance.now();
    expect(error.details.retryAfterMs).toBe(1_000);
    const busy: unknown = await ask(large).catch((thrown: unknown) => thrown);
    expect(busy).toMatchObject({ name: 'ProviderBusy', why: 'rate_limited' });
    expect(resilience.roomOf('vendor')).toBe('none');
    expect(resilience.report()[0]?.rateLimitedUntil).toBeInstanceOf(Date);
    expect(received).toHaveLength(1);
    answers['small'] = fine;
    await delay(1_000 - (performance.now() - refusedAt));
    expect(await endOf(ask(small))).toBe('ok');
    expect(resilience.roomOf('vendor')).toBe('free');
  });

  it('heeds the headers of good answers', async () => {
    answers['small'] = (response) => {
      response.setHeader('x-ratelimit-remaining-requests', '2');
      response.setHeader('x-ratelimit-limit-requests', '100');
      response.setHeader('x-ratelimit-reset-requests', '30');
      fine(response);
    };
    expect(await endOf(ask(small))).toBe('ok');
    answers['small'] = fine;
    expect(await times(3, small)).toEqual(['ok', 'ok', 'busy']);
    expect(received).toHaveLength(3);
  });
});

describe('what is known about a provider', () => {
  it('is reported, measured and told to listeners', async () => {
    const changes: CircuitChange[] = [];
    const stopListening = resilience.onChange((change) => changes.push(change));
    await times(5, large);
    answers['small'] = broken;
    await times(5, small);
    const [report] = resilience.report();
    expect(report).toMatchObject({ state: 'closed', successRate: 0.5, inFlight: 0, maxInflight: 8 });
    expect(report?.p95Ms).toBeGreaterThan(0);
    expect(report?.lastError).toContain('vendor could not be reached');
    expect(report?.models).toMatchObject([{ model: 'small', state: 'open', cause: 'PROVIDER_UNAVAILABLE' }]);
    expect(changes).toMatchObject([{ provider: 'vendor', model: 'small', state: 'open' }]);
    const gauge = await register.getSingleMetric('exai_provider_circuit_state')?.get();
    expect(gauge?.values.map(({ labels, value }) => [labels.model, value])).toEqual([
      ['large', 0],
      ['small', 2],
    ]);
    stopListening();
    await delay(PAUSE_MS + 5);
    answers['small'] = fine;
    await times(1, small);
    expect(changes).toHaveLength(1);
    expect(resilience.report()[0]?.models).toEqual([]);
  });

  it('is kept when the same configuration is loaded again, and forgotten with the provider', async () => {
    answers['small'] = broken;
    await times(5, small);
    client = guarded('key-1', 4);
    expect(await endOf(ask(small))).toBe('CIRCUIT_OPEN');
    expect(resilience.report()[0]?.maxInflight).toBe(4);
    resilience.forget('vendor');
    expect(resilience.circuitOf(small)).toEqual({ state: 'closed' });
    expect(resilience.report()).toEqual([]);
    const gauge = await register.getSingleMetric('exai_provider_circuit_state')?.get();
    expect(gauge?.values).toEqual([]);
  });

  it('knows first tries from reserved retries, and nothing of unknown providers', () => {
    expect(resilience.reserveRetry('nobody')).toBe(0);
    const waits = Array.from({ length: 31 }, () => resilience.reserveRetry('vendor'));
    expect(waits.filter((waitMs) => waitMs === 0)).toHaveLength(30);
    expect(resilience.reserveRetry('vendor', 500)).toBeGreaterThan(500);
  });
});
