import { catalogue as errorCatalogue } from '#libs/errors';
import { describe, expect, it } from 'vitest';
import { buildPayload } from './clients/openai-chat.payload.js';
import { Catalogue } from './catalogue/catalogue.js';
import { CLIENTS } from './clients/index.js';
import { PROVIDERS } from './descriptors/index.js';
import { rankOf } from './catalogue/model-card.js';
import { ModelClient } from './model-client.js';

const catalogue = Catalogue.build(PROVIDERS);

describe.each(catalogue.providers.map((provider) => [provider.id, provider] as const))(
  'provider %s',
  (id, provider) => {
    const live = provider.models.filter(({ status }) => status !== 'retired');

    it('builds a client from nothing but its settings, without a key in the environment', () => {
      const client = CLIENTS[provider.api]?.({
        provider,
        apiKey: '',
        baseUrl: 'http://127.0.0.1:1/v1',
        timeoutMs: 1000,
        maxInflight: 8,
      });
      expect(client).toBeInstanceOf(ModelClient);
      expect(client).toHaveProperty('complete', expect.any(Function));
    });

    it('has a stable lower-case id and finds its key by convention', () => {
      expect(id).toMatch(/^[a-z][a-z0-9-]*$/);
      expect(provider.keyVariable).toBe(`${id.toUpperCase()}_API_KEY`);
    });

    it('offers at least one model that is not retired', () => {
      expect(live.length).toBeGreaterThan(0);
    });

    it('has a full record for every model: no empty windows, output within the window', () => {
      for (const card of provider.models) {
        expect(card.contextWindow, card.id).toBeGreaterThanOrEqual(8_000);
        expect(card.maxOutputTokens, card.id).toBeGreaterThan(0);
        expect(card.maxOutputTokens, card.id).toBeLessThanOrEqual(card.contextWindow);
        expect(rankOf(card), card.id).toBeGreaterThan(0);
      }
    });

    it('finds every model by every name, in any case, with and without the provider', () => {
      for (const card of provider.models) {
        for (const name of [card.id, ...card.aliases]) {
          expect(catalogue.find(name)).toBe(card);
          expect(catalogue.find(name.toUpperCase())).toBe(card);
          expect(catalogue.find(`${id}/${name}`)).toBe(card);
        }
      }
    });

    it('replaces retired models by one that can be used', () => {
      for (const card of provider.models.filter(({ status }) => status === 'retired')) {
        expect(catalogue.find(card.replacedBy ?? '')?.status, card.id).toBe('active');
        expect(card.retiredOn, card.id).toMatch(/^\d{4}-\d{2}-\d{2}$/);
      }
    });

    it('maps every vendor error to a code of the catalogue', () => {
      for (const { becomes } of provider.quirks.errors) expect(errorCatalogue).toHaveProperty(becomes);
    });

    it.each(['minimal', 'low', 'medium', 'high', 'max'] as const)(
      'builds a body for every model with thinking mode %s',
      (thinkingMode) => {
        for (const model of live) {
          const messages = [{ role: 'user', content: 'hello' }] as const;
          const request = { model, messages, thinkingMode, temperature: 0, correlationId: 'c' };
          const body = buildPayload({ ...request, webSearch: model.webSearch }, provider.quirks);
          expect(body, model.id).toMatchObject({ model: model.apiModel ?? model.id, messages });
          if (model.webSearch) expect(body['tools'], model.id).toHaveLength(1);
          if (model.temperature === false) expect(body, model.id).not.toHaveProperty('temperature');
          if (model.reasoning.alwaysOn) expect(body['thinking'], model.id).not.toEqual({ type: 'disabled' });
        }
      },
    );
  },
);

describe('the catalogue', () => {
  it('lists the models of today', () => {
    const count = (provider: string, retired: boolean): number =>
      catalogue.models.filter((card) => card.provider === provider && (card.status === 'retired') === retired)
        .length;
    expect([count('kimi', false), count('glm', false), count('simulator', false)]).toEqual([12, 20, 1]);
    expect(count('kimi', true)).toBe(10);
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
});
