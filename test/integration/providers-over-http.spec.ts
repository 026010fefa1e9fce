import { loadConfig } from '#libs/config';
import { ExaiError, type ErrorCode } from '#libs/errors';
import { Metrics } from '#libs/observability';
import {
  type Completion,
  type CompletionDelta,
  ModelRouter,
  PROVIDERS,
  ProviderRegistry,
  Resilience,
} from '#libs/providers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequestLogEntry } from '../../apps/simulator/src/request-log.js';
import { type Simulator, startSimulator } from '../../apps/simulator/src/server.js';

/** Every bundled provider pointed at the simulator: real clients, real HTTP, no key of anybody. */
let simulator: Simulator;
let registry: ProviderRegistry;
let requests: RequestLogEntry[] = [];

beforeAll(async () => {
  simulator = await startSimulator({ requestLog: (entry) => requests.push(entry) });
  const config = loadConfig({ EXAI_SIMULATOR: 'on' });
  const settings = Object.fromEntries(
    Object.entries(config.providers.settings).map(([id, own]) => [
      id,
      { ...own, apiKey: `sk-key-of-${id}-0123456789`, baseUrl: simulator.baseUrl, timeoutMs: 2_000 },
    ]),
  );
  registry = ProviderRegistry.build(PROVIDERS, {
    ...config,
    providers: { ...config.providers, settings },
  });
});

afterAll(() => simulator.close());

const MODELS = ['kimi-k2.6', 'glm-4.6', 'simulator-1'];
let calls = 0;

function ask(model: string, text: string, streamed: boolean, deltas: string[] = []): Promise<Completion> {
  const card = registry.getCapabilities(model);
  calls += 1;
  const request = {
    model: card,
    messages: [{ role: 'user', content: text }] as const,
    correlationId: `call-${calls}`,
    streamed,
  };
  const onDelta = ({ type, value }: CompletionDelta): void => {
    if (type === 'text') deltas.push(value);
  };
  return registry.provider(card.provider).stream(request, onDelta, new AbortController().signal);
}

async function codeOf(
  promise: Promise<Completion>,
): Promise<{ code: ErrorCode; details: ExaiError['details'] }> {
  const error: unknown = await promise.then(
    ({ content }) => new Error(`accepted: ${content}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ExaiError)) throw error;
  return error;
}

const WAYS = MODELS.flatMap((model) => [
  [model, 'whole', false] as const,
  [model, 'streamed', true] as const,
]);

describe.each(WAYS)('%s, %s', (model, _way, streamed) => {
  it('answers with text, usage and the deltas that make it up', async () => {
    requests = [];
    const deltas: string[] = [];
    const completion = await ask(model, '[[sim: answer("Grüße, 日本語 🙂.")]] hello', streamed, deltas);
    expect(completion).toMatchObject({ content: 'Grüße, 日本語 🙂.', model, finishReason: 'stop' });
    expect(completion.usage.total).toBe(completion.usage.input + completion.usage.output);
    if (streamed) expect(deltas.join('')).toBe(completion.content);
    await expect.poll(() => requests.length).toBe(1);
    expect(requests[0]).toMatchObject({ requestId: `call-${calls}`, stream: streamed, model });
  });

  it.each<[string, ErrorCode]>([
    ['429(2)', 'PROVIDER_RATE_LIMITED'],
    ['429-date(2)', 'PROVIDER_RATE_LIMITED'],
    ['429-bare', 'PROVIDER_RATE_LIMITED'],
    ['500', 'PROVIDER_UNAVAILABLE'],
    ['502-html', 'PROVIDER_UNAVAILABLE'],
    ['503', 'PROVIDER_UNAVAILABLE'],
    ['529', 'PROVIDER_UNAVAILABLE'],
    ['cut', 'PROVIDER_UNAVAILABLE'],
    ['401', 'PROVIDER_AUTH'],
    ['403', 'PROVIDER_AUTH'],
    ['402', 'PROVIDER_QUOTA'],
    ['400-context', 'CONTEXT_TOO_LARGE'],
    ['404-model', 'MODEL_NOT_FOUND'],
    ['content-filter(400)', 'CONTENT_FILTERED'],
    ['bad-json', 'PROVIDER_BAD_RESPONSE'],
    ['empty-200', 'PROVIDER_BAD_RESPONSE'],
    ['empty-choices', 'PROVIDER_BAD_RESPONSE'],
    ['wrong-type', 'PROVIDER_BAD_RESPONSE'],
  ])('turns %s into %s with one request', async (behaviour, code) => {
    requests = [];
    const error = await codeOf(ask(model, `[[sim: ${behaviour}]] hello`, streamed));
    expect(error.code).toBe(code);
    expect(JSON.stringify(error.details)).not.toContain('sk-key-of');
    await expect.poll(() => requests.length, { timeout: 3_000 }).toBe(1);
  });

  it('gives up what hangs, wherever it does', async () => {
    const behaviours = ['hang-accept', 'hang-headers', 'hang-mid-stream', 'slowloris(200)'];
    const errors = await Promise.all(
      behaviours.map((behaviour) => codeOf(ask(model, `[[sim: ${behaviour}]] hello`, streamed))),
    );
    expect(errors.map(({ code }) => code)).toEqual(behaviours.map(() => 'PROVIDER_TIMEOUT'));
  });

  it('keeps the time to wait, in seconds and as a date', async () => {
    const seconds = await codeOf(ask(model, '[[sim: 429(2)]] hello', streamed));
    expect(seconds.details.retryAfterMs).toBe(2_000);
    const date = await codeOf(ask(model, '[[sim: 429-date(30)]] hello', streamed));
    expect(date.details.retryAfterMs).toBeGreaterThan(25_000);
    expect(date.details.retryAfterMs).toBeLessThanOrEqual(31_000);
  });
});

it('does not take a body shorter than announced for whole, unless its stream has already said it is', async () => {
  for (const model of MODELS) {
    expect((await codeOf(ask(model, '[[sim: short-body]] hello', false))).code).toBe('PROVIDER_UNAVAILABLE');
    expect((await ask(model, '[[sim: short-body]] hello', true)).finishReason).toBe('stop');
  }
});

describe.each(MODELS)('a stream of %s', (model) => {
  it.each<[string, ErrorCode]>([
    ['sse-no-done', 'PROVIDER_BAD_RESPONSE'],
    ['sse-error-event', 'PROVIDER_BAD_RESPONSE'],
    ['sse-comments-only(50)', 'PROVIDER_TIMEOUT'],
  ])('never passes %s off as complete', async (behaviour, code) => {
    expect((await codeOf(ask(model, `[[sim: ${behaviour}]] hello`, true))).code).toBe(code);
  });

  it.each(['sse-split-utf8', 'sse-crlf'])('reads %s', async (behaviour) => {
    const deltas: string[] = [];
    const { content } = await ask(model, `[[sim: ${behaviour}]] hello`, true, deltas);
    expect(deltas.join('')).toBe(content);
    expect(content).not.toContain('\uFFFD');
  });
});

it('maps the business codes of GLM', async () => {
  const codes: [number, ErrorCode][] = [
    [1302, 'PROVIDER_RATE_LIMITED'],
    [1312, 'PROVIDER_UNAVAILABLE'],
    [1113, 'PROVIDER_QUOTA'],
    [1261, 'CONTEXT_TOO_LARGE'],
    [1301, 'CONTENT_FILTERED'],
  ];
  for (const [business, code] of codes) {
    expect((await codeOf(ask('glm-4.6', `[[sim: glm-error(${business})]] x`, false))).code).toBe(code);
  }
});

it('finds the way from a wish to an answer', async () => {
  const router = new ModelRouter(registry, new Resilience(new Metrics()));
  const wish = { model: 'auto', category: 'FAST_RESPONSE', requires: {}, failures: [] } as const;
  const { card, provider, next } = router.choose(wish, 1);
  const messages = [{ role: 'user', content: 'hello' }] as const;
  const request = { model: card, messages, correlationId: 'routed' };
  const completion = await provider.chat(request, new AbortController().signal);
  expect(completion).toMatchObject({ provider: 'glm', model: 'glm-4.7-flash' });
  expect(next?.sameProvider).toBe(false);
});
