import { defineProvider } from '../define.js';
import type { ModelEntry } from '../catalogue/model-card.js';

/**
 * https://api-docs.deepseek.com/quick_start/pricing (November 2026). The prices are those of the peak hours, so that a
 * budget is never exceeded; outside them everything costs half.
 */
const v4 = {
  contextWindow: 1_000_000,
  maxOutputTokens: 384_000,
  temperature: { min: 0, max: 1, default: 1 },
  reasoning: { kind: 'effort', default: 'enabled', efforts: ['high', 'max'] },
} satisfies Partial<ModelEntry>;

const retired = {
  ...v4,
  status: 'retired',
  replacedBy: 'deepseek-flash',
  retiredOn: '2026-07-24',
  intelligence: 10,
} as const;

export const deepseek = defineProvider({
  id: 'deepseek',
  title: 'DeepSeek',
  api: 'openai-chat',
  baseUrl: 'https://api.deepseek.com',
  priority: 30,
  models: [
    {
      ...v4,
      id: 'deepseek-v4-pro',
      intelligence: 17,
      price: { input: 1.32, cachedInput: 0.044, output: 3.96 },
      categories: ['EXTENDED_REASONING', 'REASONING', 'CODE_GENERATION', 'LONG_CONTEXT'],
    },
    {
      ...v4,
      id: 'deepseek-flash',
      aliases: ['deepseek', 'deepseek-v4-flash'],
      images: true,
      intelligence: 15,
      speed: 'fast',
      price: { input: 0.3, cachedInput: 0.006, output: 1.2 },
      categories: ['FAST_RESPONSE', 'BALANCED', 'LONG_CONTEXT', 'MULTIMODAL'],
    },
    { ...retired, id: 'deepseek-chat', reasoning: { kind: 'none' } },
    { ...retired, id: 'deepseek-reasoner', reasoning: { kind: 'toggle', alwaysOn: true } },
  ],
  quirks: {
    // https://api-docs.deepseek.com/quick_start/error_codes
    errors: [
      { status: 402, becomes: 'PROVIDER_QUOTA' },
      { status: 422, becomes: 'PROVIDER_REJECTED' },
      { status: 503, becomes: 'PROVIDER_UNAVAILABLE' },
    ],
  },
});
