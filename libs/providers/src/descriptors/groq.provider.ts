import { defineProvider } from '../define.js';
import type { ModelEntry } from '../catalogue/model-card.js';

/** https://console.groq.com/docs/models and /docs/reasoning (2026). */
const gptOss = {
  contextWindow: 131_072,
  maxOutputTokens: 65_536,
  temperature: { min: 0, max: 1, default: 0.6 },
  reasoning: { kind: 'effort', alwaysOn: true, default: 'medium', efforts: ['low', 'medium', 'high'] },
  speed: 'fast',
} satisfies Partial<ModelEntry>;

export const groq = defineProvider({
  id: 'groq',
  title: 'Groq',
  api: 'openai-chat',
  baseUrl: 'https://api.groq.com/openai/v1',
  priority: 31,
  models: [
    {
      ...gptOss,
      id: 'gpt-oss-120b',
      apiModel: 'openai/gpt-oss-120b',
      intelligence: 13,
      price: { input: 0.15, cachedInput: 0.075, output: 0.6 },
      categories: ['FAST_RESPONSE', 'BALANCED'],
    },
    {
      ...gptOss,
      id: 'gpt-oss-20b',
      apiModel: 'openai/gpt-oss-20b',
      intelligence: 10,
      price: { input: 0.075, output: 0.3 },
      categories: ['FAST_RESPONSE'],
    },
  ],
  quirks: {
    maxTokensField: 'max_completion_tokens',
    thinkingStyle: 'effort',
    reasoningFields: ['reasoning'],
    omitInMessages: ['reasoning_content'],
    retryAfterText: 'try again in (\\d+(?:\\.\\d+)?) ?s',
    errors: [
      { status: 413, becomes: 'CONTEXT_TOO_LARGE' },
      { status: 498, becomes: 'PROVIDER_UNAVAILABLE' },
    ],
  },
});
