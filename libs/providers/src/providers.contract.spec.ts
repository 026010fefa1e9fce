import { catalogue as errorCatalogue, ExaiError } from '#libs/errors';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startVendorServer, type VendorServer } from '../../../test/harness/vendor-server.js';
import { Catalogue } from './catalogue/catalogue.js';
import { type ModelCard, rankOf } from './catalogue/model-card.js';
import { CLIENTS } from './clients/index.js';
import { assertClient, assertContract } from './contract.js';
import type { ClientSettings, ProviderDescriptor } from './define.js';
import { PROVIDERS } from './descriptors/index.js';
import type { CompletionDelta, CompletionRequest, ModelClient } from './model-client.js';
import { ModelProvider } from './model-provider.js';
import { openOutbound, type Outbound } from './outbound/outbound.js';

/** One model of its own for a provider whose models are asked for. */
const SOMETHING = { id: 'something', contextWindow: 8_000, maxOutputTokens: 4_000, intelligence: 1 };
const entries = PROVIDERS.map((entry) =>
  entry.models.length > 0 ? entry : { ...entry, models: [SOMETHING] },
);
const catalogue = Catalogue.build(entries);

let vendor: VendorServer;
let outbound: Outbound;

beforeAll(async () => {
  vendor = await startVendorServer();
  outbound = openOutbound({ allowPrivate: true });
});
afterAll(async () => {
  await outbound.close();
  await vendor.close();
});
beforeEach(() => {
  vendor.refuseWith = undefined;
  (vendor.requests as unknown[]).length = 0;
});

function settingsFor(provider: ProviderDescriptor, fetch: typeof globalThis.fetch): ClientSettings {
  const path = new URL(provider.baseUrl).pathname.replace(/\/$/, '');
  return {
    provider,
    apiKey: 'sk-key-of-the-contract',
    baseUrl: `${vendor.url}${path}`,
    timeouts: { firstByteMs: 2_000, idleMs: 2_000, totalMs: 5_000 },
    maxInflight: 8,
    fetch,
  };
}

function clientFor(provider: ProviderDescriptor, fetch = outbound.fetch): ModelClient {
  const client = CLIENTS[provider.api]?.(settingsFor(provider, fetch));
  if (!client) throw new Error(`no dialect ${provider.api}`);
  return client;
}

function providerFor(descriptor: ProviderDescriptor, client = clientFor(descriptor)): ModelProvider {
  return new ModelProvider({
    descriptor,
    client,
    find: (name) => catalogue.find(name),
    isAllowed: () => true,
  });
}

describe.each(catalogue.providers.map((provider) => [provider.id, provider] as const))(
  'provider %s',
  (id, descriptor) => {
    const live = descriptor.models.filter(({ status }) => status !== 'retired');
    const [model] = live as [ModelCard, ...ModelCard[]];
    const request: CompletionRequest = {
      model,
      messages: [{ role: 'user', content: 'What is it?' }],
      correlationId: 'contract',
    };
    const soon = () => AbortSignal.timeout(5_000);

    it('1: is built from its settings alone, without environment and network', () => {
      const asked = vi.fn<typeof fetch>();
      const environment = process.env;
      process.env = {};
      try {
        const provider = providerFor(descriptor, clientFor(descriptor, asked));
        expect(() => assertContract(provider)).not.toThrow();
        expect(asked).not.toHaveBeenCalled();
      } finally {
        process.env = environment;
      }
    });

    it('2: has a stable lower-case id and names its dialect', () => {
      const provider = providerFor(descriptor);
      expect([provider.id, provider.type]).toEqual([id, descriptor.api]);
      expect(id).toMatch(/^[a-z][a-z0-9-]*$/);
    });

    it('3: lists its models, retired ones only if asked for', () => {
      const provider = providerFor(descriptor);
      expect(provider.listModels()).toEqual(live.map((card) => card.id));
      expect(provider.listModels({ includeRetired: true })).toHaveLength(descriptor.models.length);
      expect(provider.listModels().length).toBeGreaterThan(0);
    });

    it('4: has a full record of every model and none of an unknown one', () => {
      const provider = providerFor(descriptor);
      for (const card of descriptor.models) {
        expect(provider.getCapabilities(card.id)).toBe(card);
        expect(card.contextWindow, card.id).toBeGreaterThanOrEqual(8_000);
        expect(card.maxOutputTokens, card.id).toBeLessThanOrEqual(card.contextWindow);
        expect(rankOf(card), card.id).toBeGreaterThan(0);
      }
      expect(() => provider.getCapabilities('constructor')).toThrow(
        expect.objectContaining({ code: 'MODEL_NOT_FOUND' }),
      );
    });

    it('5: finds every model by every name, in any case, with and without the provider', () => {
      const provider = providerFor(descriptor);
      for (const card of descriptor.models) {
        for (const name of [card.id, ...card.aliases]) {
          expect(provider.resolveModel(name.toUpperCase())).toBe(card.id);
          expect(provider.resolveModel(`${id}/${name}`)).toBe(card.id);
        }
      }
      expect(provider.resolveModel('no-such-model')).toBeUndefined();
    });

    it('6: accepts what it knows and is allowed, nothing that is retired', () => {
      const provider = providerFor(descriptor);
      for (const card of descriptor.models) {
        expect(provider.validateModel(card.id), card.id).toBe(card.status !== 'retired');
      }
      const forbidden = new ModelProvider({
        descriptor,
        client: clientFor(descriptor),
        find: (name) => catalogue.find(name),
        isAllowed: () => false,
      });
      expect(forbidden.validateModel(model.id)).toBe(false);
    });

    it('7: says of every feature what the record says', () => {
      const provider = providerFor(descriptor);
      for (const card of descriptor.models) {
        const { streaming, images, tools, webSearch, files } = card;
        const expected = {
          streaming,
          images,
          tools,
          webSearch,
          files,
          thinking: card.reasoning.kind !== 'none',
        };
        for (const [feature, has] of Object.entries(expected)) {
          expect(provider.supports(feature as 'tools', card.id), `${card.id} ${feature}`).toBe(has);
        }
      }
    });

    it('8: answers a prompt with one request', async () => {
      const options = { model, correlationId: 'contract' };
      const completion = await providerFor(descriptor).generate('What is it?', options, soon());
      expect(completion).toMatchObject({
        content: 'The answer.',
        provider: id,
        model: model.id,
        finishReason: 'stop',
      });
      expect(completion.usage).toMatchObject({ input: 3, output: 2, total: 5 });
      expect(vendor.requests).toHaveLength(1);
    });

    it.each([true, false])('9: answers a conversation, asked as a stream: %s', async (streamed) => {
      const completion = await providerFor(descriptor).chat({ ...request, streamed }, soon());
      expect(completion.content).toBe('The answer.');
      expect((vendor.requests[0]?.body as { stream?: boolean }).stream ?? false).toBe(streamed);
    });

    it('10: tells each piece as it comes, and stops when told to', async () => {
      const deltas: CompletionDelta[] = [];
      const provider = providerFor(descriptor);
      await provider.stream(request, (delta) => deltas.push(delta), soon());
      expect(deltas.filter(({ type }) => type === 'text').map(({ value }) => value)).toEqual([
        'The ',
        'answer.',
      ]);
      const abort = new AbortController();
      let release = (): void => undefined;
      vendor.hold = new Promise((resolve) => (release = resolve));
      const stopped = provider.stream(request, () => undefined, abort.signal);
      // Not before it has arrived: a late one would be taken for the next test's.
      await vi.waitFor(() => expect(vendor.requests).toHaveLength(2), { timeout: 5_000 });
      abort.abort(new Error('enough'));
      await expect(stopped).rejects.toThrow();
      release();
      vendor.hold = Promise.resolve();
    });

    it('11: counts tokens as whole numbers', () => {
      const provider = providerFor(descriptor);
      expect(provider.countTokens('', model.id)).toBe(0);
      expect(provider.countTokens('some words of text', model.id)).toBeGreaterThan(0);
      expect(Number.isInteger(provider.countTokens('日本語 text', model.id))).toBe(true);
    });

    it.each([undefined, 'minimal', 'high', 'max'] as const)(
      '12: previews the very body that it sends, thinking %s',
      async (thinkingMode) => {
        const provider = providerFor(descriptor);
        for (const card of live) {
          (vendor.requests as unknown[]).length = 0;
          const asked = { ...request, model: card, temperature: 0.2, ...(thinkingMode && { thinkingMode }) };
          const preview = provider.buildPayload(asked);
          await provider.chat(asked, soon());
          expect(vendor.requests[0]?.body, card.id).toEqual(preview.body);
          expect(preview.url.endsWith(vendor.requests[0]?.path ?? '?'), card.id).toBe(true);
          expect(JSON.stringify(preview)).not.toContain('sk-key-of');
          if (card.temperature === false) expect(preview.body).not.toHaveProperty('temperature');
        }
      },
    );

    it('13: tells its health by the list of models, and by an answer if asked to', async () => {
      const provider = providerFor(descriptor);
      expect(await provider.health({}, soon())).toMatchObject({ ok: true, detail: '1 models listed' });
      expect(vendor.requests.map(({ method }) => method)).toEqual(['GET']);
      expect(await provider.health({ probe: model }, soon())).toMatchObject({ ok: true });
      vendor.refuseWith = 401;
      const ill = await provider.health({}, soon());
      expect(ill.ok).toBe(false);
      expect(ill.detail).not.toContain('sk-key-of');
    });

    it('14: makes every failure one of ours, never a text', async () => {
      const provider = providerFor(descriptor);
      for (const [status, code] of [
        [401, 'PROVIDER_AUTH'],
        [404, 'MODEL_NOT_FOUND'],
        [429, 'PROVIDER_RATE_LIMITED'],
        [500, 'PROVIDER_UNAVAILABLE'],
      ] as const) {
        vendor.refuseWith = status;
        const failure = await provider.chat(request, soon()).catch((error: unknown) => error);
        expect(failure, String(status)).toBeInstanceOf(ExaiError);
        expect(failure).toMatchObject({ code, details: { provider: id } });
      }
      for (const { becomes } of descriptor.quirks.errors) expect(errorCatalogue).toHaveProperty(becomes);
      expect(provider.classifyError('nonsense')).toBeInstanceOf(ExaiError);
    });

    it('15: has a file store exactly where its entry says so', async () => {
      const { files } = providerFor(descriptor);
      expect(files !== undefined).toBe(descriptor.quirks.files !== undefined);
      if (!files) return expect(live.some((card) => card.files)).toBe(false);
      const content = new TextEncoder().encode('abc');
      const uploaded = await files.upload({ name: 'a.txt', content }, soon());
      expect(uploaded).toMatchObject({ id: 'file-1', name: 'a.txt', size: 3 });
      expect(await files.get('file-1', soon())).toMatchObject({ id: 'file-1' });
      expect(await files.content('file-1', soon())).toBe('the content');
      expect(await files.list(soon())).toHaveLength(1);
      await expect(files.delete('file-1', soon())).resolves.toBeUndefined();
    });

    it('has a web search without a model exactly where its entry says so', () => {
      const { searchApi } = providerFor(descriptor);
      expect(searchApi !== undefined).toBe(descriptor.quirks.searchApi !== undefined);
      expect(searchApi?.priceUsd).toBe(descriptor.quirks.searchApi?.priceUsd);
    });

    it('replaces retired models by one that can be used', () => {
      for (const card of descriptor.models.filter(({ status }) => status === 'retired')) {
        expect(catalogue.find(card.replacedBy ?? '')?.status, card.id).toBe('active');
        expect(card.retiredOn, card.id).toMatch(/^\d{4}-\d{2}-\d{2}$/);
      }
    });
  },
);

describe('registration', () => {
  const kimi = catalogue.provider('kimi') as ProviderDescriptor;
  const refusalOf = (action: () => void): string => {
    try {
      action();
    } catch (error) {
      if (error instanceof ExaiError && error.code === 'CONFIG_INVALID') return error.details.reason ?? '';
      throw error;
    }
    return 'accepted';
  };
  const unwilling = (): never => {
    throw new Error('not today');
  };

  it.each<[string, string, unknown]>([
    ['id', 'an id in upper case', 'Kimi'],
    ['type', 'no dialect', ''],
    ['listModels', 'a list that is none', () => 'kimi-k3'],
    ['listModels', 'a usable model that is not among all', (options?: object) => (options ? ['a'] : ['b'])],
    [
      'getCapabilities',
      'a record without a window for what it does not know',
      () => ({ id: '', contextWindow: 0 }),
    ],
    ['resolveModel', 'a guess at an unknown name', () => 'kimi-k3'],
    ['validateModel', 'a yes to everything', () => true],
    ['supports', 'a yes to everything', () => true],
    ['generate', 'no function', undefined],
    ['chat', 'no function', undefined],
    ['stream', 'no function', 'stream'],
    ['countTokens', 'half a token', () => 0.5],
    ['buildPayload', 'no function', undefined],
    ['health', 'no function', undefined],
    ['classifyError', 'a plain error', () => new Error('x')],
    ['classifyError', 'a throw', unwilling],
    ['files', 'a store without deletion', { upload() {}, get() {}, content() {}, list() {} }],
    ['files', 'a store without a size', { upload() {}, get() {}, content() {}, list() {}, delete() {} }],
    ['searchApi', 'a search that cannot be asked', { priceUsd: 1 }],
    ['searchApi', 'a search without a price', { search() {} }],
  ])('refuses a provider whose member %s is %s', (member, _what, broken) => {
    const provider = providerFor(kimi);
    Object.defineProperty(provider, member, { value: broken });
    expect(refusalOf(() => assertContract(provider))).toContain(`, member ${member}: `);
  });

  it('refuses what is no provider at all', () => {
    expect(refusalOf(() => assertContract(undefined))).toContain('provider "?", member id');
  });

  it.each(['prepare', 'complete', 'preview', 'listRemoteModels', 'classifyError'])(
    'refuses a client without %s',
    (member) => {
      const client = clientFor(kimi);
      Object.defineProperty(client, member, { value: undefined });
      expect(refusalOf(() => assertClient('kimi', 'openai-chat', client))).toBe(
        `provider "kimi", client of dialect "openai-chat", member ${member}: is not a function`,
      );
    },
  );

  it('refuses a client whose file store lacks a member', () => {
    const client = clientFor(kimi);
    Object.defineProperty(client, 'files', { value: { upload() {} } });
    expect(refusalOf(() => assertClient('kimi', 'openai-chat', client))).toContain(
      'member files: has no member get',
    );
  });
});

describe('the catalogue', () => {
  it('lists the models of today', () => {
    const count = (provider: string, retired: boolean): number =>
      catalogue.models.filter((card) => card.provider === provider && (card.status === 'retired') === retired)
        .length;
    expect([count('kimi', false), count('glm', false), count('simulator', false)]).toEqual([12, 20, 1]);
    expect(count('kimi', true)).toBe(10);
  });

  it('keeps to eight models for every other vendor', () => {
    for (const { id, models } of catalogue.providers.filter((entry) => !['kimi', 'glm'].includes(entry.id))) {
      expect(models.length, id).toBeLessThanOrEqual(8);
    }
  });

  it('keeps glm-4.5-x apart from the cheaper air model', () => {
    expect(catalogue.find('glm-4.5-x')?.price?.input).toBe(2.2);
    expect(catalogue.find('glm-4.5-air')?.price?.input).toBe(0.2);
  });

  it('marks no text model as seeing', () => {
    const seeing = catalogue.models.filter(({ images }) => images).map(({ id }) => id);
    expect(seeing.filter((id) => /^(glm-[\d.]+|glm-.*(air|flash)x?|moonshot-v1-\d+k)$/.test(id))).toEqual([
      'glm-4.6v-flashx',
      'glm-4.6v-flash',
    ]);
  });

  it('puts vendors before those who sell the models of others, and the simulator last', () => {
    const order = [...catalogue.providers].sort((a, b) => a.priority - b.priority).map(({ id }) => id);
    expect(order.slice(0, 6)).toEqual(['kimi', 'glm', 'openai', 'anthropic', 'gemini', 'xai']);
    expect(order.slice(-2)).toEqual(['openrouter', 'simulator']);
  });
});
