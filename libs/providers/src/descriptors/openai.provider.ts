import { defineProvider } from '../define.js';
import type { ModelEntry } from '../catalogue/model-card.js';

const EFFORTS = ['none', 'low', 'medium', 'high', 'xhigh', 'max'];

/**
 * Limits, efforts and prices: https://developers.openai.com/api/docs/models (October 2026). Prompts above 272 000
 * tokens cost twice the input price, which the estimates do not know.
 */
const reasoning = {
  contextWindow: 1_050_000,
  maxOutputTokens: 128_000,
  images: true,
  // Every effort but none refuses sampling parameters.
  temperature: false,
  reasoning: { kind: 'effort', default: 'medium', efforts: EFFORTS },
  // The thoughts are not sent: the stream is silent until the answer begins.
  timeoutMultiplier: 3,
} satisfies Partial<ModelEntry>;

const deep: ModelEntry['categories'] = ['EXTENDED_REASONING', 'REASONING', 'CODE_GENERATION'];

export const openai = defineProvider({
  id: 'openai',
  title: 'OpenAI',
  api: 'openai-chat',
  baseUrl: 'https://api.openai.com/v1',
  priority: 12,
  timeouts: { idleMs: 60_000, firstByteMs: 60_000 },
  models: [
    {
      ...reasoning,
      id: 'gpt-6-astra',
      reasoning: { ...reasoning.reasoning, alwaysOn: true, efforts: EFFORTS.slice(1) },
      intelligence: 20,
      speed: 'slow',
      price: { input: 10, output: 50 },
      categories: [...deep, 'LONG_CONTEXT', 'MULTIMODAL'],
      description: 'Most capable OpenAI model, always thinking.',
    },
    {
      ...reasoning,
      // https://openai.com/index/introducing-gpt-6-sol-and-luna/
      id: 'gpt-6-sol',
      aliases: ['openai'],
      intelligence: 19,
      price: { input: 2, output: 10 },
      categories: [...deep, 'BALANCED', 'LONG_CONTEXT', 'MULTIMODAL'],
    },
    {
      ...reasoning,
      id: 'gpt-6-luna',
      intelligence: 14,
      speed: 'fast',
      price: { input: 0.1, output: 0.5 },
      categories: ['FAST_RESPONSE', 'BALANCED', 'LONG_CONTEXT'],
    },
    {
      ...reasoning,
      id: 'gpt-5.6-sol',
      aliases: ['gpt-5.6'],
      intelligence: 18,
      price: { input: 4, output: 20 },
      categories: [...deep, 'MULTIMODAL'],
    },
    {
      ...reasoning,
      id: 'gpt-5.6-terra',
      intelligence: 16,
      price: { input: 2, output: 12 },
      categories: ['BALANCED', 'CODE_GENERATION', 'MULTIMODAL'],
    },
    {
      ...reasoning,
      id: 'gpt-5.6-luna',
      intelligence: 13,
      speed: 'fast',
      price: { input: 0.2, output: 1.2 },
      categories: ['FAST_RESPONSE', 'BALANCED'],
    },
    {
      ...reasoning,
      id: 'gpt-5.5',
      reasoning: { ...reasoning.reasoning, efforts: EFFORTS.slice(0, -1) },
      intelligence: 17,
      price: { input: 5, output: 30 },
      categories: deep,
    },
  ],
  quirks: {
    maxTokensField: 'max_completion_tokens',
    systemRole: 'developer',
    omitInMessages: ['reasoning_content'],
    thinkingStyle: 'effort',
    retryAfterText: 'try again in (\\d+(?:\\.\\d+)?) ?s',
    // https://developers.openai.com/api/docs/guides/error-codes
    errors: [
      { code: 'invalid_api_key', becomes: 'PROVIDER_AUTH' },
      { status: 403, message: '\\bmodel\\b', becomes: 'PROVIDER_AUTH', scope: 'model' },
      { code: 'billing_hard_limit_reached', becomes: 'PROVIDER_QUOTA' },
      { code: 'content_policy_violation', becomes: 'CONTENT_FILTERED' },
    ],
  },
});
