import { defineProvider } from '../define.js';
import type { ModelEntry } from '../catalogue/model-card.js';

/**
 * Windows, efforts and prices: https://docs.x.ai/developers/models (October 2026). Prompts of 200 000 tokens and more
 * cost twice as much. The vendor names no output limit; what stands here is what we ask for at most.
 */
const grok = {
  maxOutputTokens: 131_072,
  images: true,
  temperature: { min: 0, max: 1, default: 0.7 },
  // Not every model of the family sends its thoughts.
  timeoutMultiplier: 2,
} satisfies Partial<ModelEntry>;

const effort = (...efforts: string[]): ModelEntry['reasoning'] => ({
  kind: 'effort',
  alwaysOn: true,
  efforts,
});

export const xai = defineProvider({
  id: 'xai',
  title: 'xAI Grok',
  api: 'openai-chat',
  baseUrl: 'https://api.x.ai/v1',
  priority: 15,
  timeouts: { idleMs: 60_000, firstByteMs: 60_000 },
  models: [
    {
      ...grok,
      id: 'grok-4.7',
      aliases: ['grok'],
      contextWindow: 500_000,
      reasoning: effort('low', 'medium', 'high', 'xhigh'),
      intelligence: 19,
      price: { input: 2, cachedInput: 0.5, output: 6 },
      categories: ['EXTENDED_REASONING', 'REASONING', 'CODE_GENERATION', 'MULTIMODAL'],
    },
    {
      ...grok,
      id: 'grok-4.5',
      contextWindow: 500_000,
      reasoning: effort('low', 'medium', 'high'),
      intelligence: 18,
      price: { input: 2, cachedInput: 0.5, output: 6 },
      categories: ['EXTENDED_REASONING', 'REASONING', 'CODE_GENERATION', 'MULTIMODAL'],
    },
    {
      ...grok,
      id: 'grok-4.3',
      contextWindow: 1_000_000,
      reasoning: effort('low', 'medium', 'high'),
      intelligence: 17,
      price: { input: 1.25, cachedInput: 0.2, output: 2.5 },
      categories: ['BALANCED', 'EXTENDED_REASONING', 'LONG_CONTEXT', 'MULTIMODAL'],
    },
    {
      ...grok,
      id: 'grok-4.20',
      apiModel: 'grok-4.20-0309-reasoning',
      contextWindow: 1_000_000,
      // It thinks and cannot be told how much.
      reasoning: { kind: 'toggle', alwaysOn: true },
      intelligence: 16,
      price: { input: 1.25, cachedInput: 0.2, output: 2.5 },
      categories: ['EXTENDED_REASONING', 'LONG_CONTEXT'],
    },
  ],
  quirks: {
    maxTokensField: 'max_completion_tokens',
    thinkingStyle: 'effort',
    // Refused by the models that think.
    omit: ['presence_penalty', 'frequency_penalty', 'stop'],
    errors: [
      { status: 400, message: 'incorrect API key|api key is invalid', becomes: 'PROVIDER_AUTH' },
      { status: 403, message: 'credits|spending limit', becomes: 'PROVIDER_QUOTA' },
      { status: 429, message: 'credits|spending limit', becomes: 'PROVIDER_QUOTA' },
    ],
  },
});
