import { defineProvider } from '../define.js';
import type { ModelEntry } from '../catalogue/model-card.js';

/** Model cards and prices: https://docs.mistral.ai/models and https://docs.mistral.ai/inference/pricing (October 2026). */
const mistralModel = {
  temperature: { min: 0, max: 1, default: 0.7 },
} satisfies Partial<ModelEntry>;

export const mistral = defineProvider({
  id: 'mistral',
  title: 'Mistral',
  api: 'openai-chat',
  baseUrl: 'https://api.mistral.ai/v1',
  priority: 32,
  models: [
    {
      ...mistralModel,
      id: 'mistral-large-4',
      status: 'preview',
      // The card says a million, resellers half of it.
      contextWindow: 524_288,
      maxOutputTokens: 262_144,
      images: true,
      reasoning: { kind: 'effort', default: 'high', efforts: ['none', 'high'] },
      intelligence: 16,
      // The list price; half of it during the preview.
      price: { input: 1.36, cachedInput: 0.14, output: 4.18 },
      timeoutMultiplier: 1.5,
      categories: ['EXTENDED_REASONING', 'REASONING', 'LONG_CONTEXT', 'MULTIMODAL'],
    },
    {
      ...mistralModel,
      id: 'mistral-medium-3.5',
      aliases: ['mistral'],
      contextWindow: 262_144,
      // The card names no output limit.
      maxOutputTokens: 32_768,
      images: true,
      reasoning: { kind: 'effort', default: 'none', efforts: ['none', 'high'] },
      intelligence: 15,
      price: { input: 1.5, output: 7.5 },
      categories: ['BALANCED', 'CODE_GENERATION', 'MULTIMODAL'],
    },
    {
      ...mistralModel,
      id: 'mistral-small-latest',
      contextWindow: 131_072,
      maxOutputTokens: 16_384,
      images: true,
      intelligence: 11,
      speed: 'fast',
      // The price of what the name stands for just now could not be confirmed.
      categories: ['FAST_RESPONSE'],
    },
    {
      ...mistralModel,
      id: 'codestral-latest',
      contextWindow: 262_144,
      maxOutputTokens: 16_384,
      intelligence: 11,
      speed: 'fast',
      price: { input: 0.3, output: 0.9 },
      categories: ['CODE_GENERATION'],
    },
  ],
  quirks: {
    thinkingStyle: 'effort',
    // Unknown fields are refused, and usage comes with the last event unasked.
    streamUsage: false,
    omitInMessages: ['reasoning_content'],
    errors: [
      { status: 422, becomes: 'PROVIDER_REJECTED' },
      { status: 400, message: 'too large for model|exceeds? .*context', becomes: 'CONTEXT_TOO_LARGE' },
    ],
  },
});
