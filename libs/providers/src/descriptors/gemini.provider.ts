import { defineProvider } from '../define.js';
import type { ModelEntry } from '../catalogue/model-card.js';

/** Windows, thinking levels and prices: https://ai.google.dev/gemini-api/docs/models and /pricing (October 2026). */
const gemini3 = {
  contextWindow: 1_048_576,
  maxOutputTokens: 65_536,
  images: true,
  // The vendor advises to leave the temperature of this family alone.
  temperature: false,
  reasoning: { kind: 'effort', alwaysOn: true, default: 'medium', efforts: ['low', 'medium', 'high'] },
  // The thoughts are not sent: the stream is silent until the answer begins.
  timeoutMultiplier: 2,
} satisfies Partial<ModelEntry>;

const withMinimal = { ...gemini3.reasoning, efforts: ['minimal', 'low', 'medium', 'high'] };

/** The endpoint that speaks OpenAI's dialect: https://ai.google.dev/gemini-api/docs/openai */
export const gemini = defineProvider({
  id: 'gemini',
  title: 'Google Gemini',
  api: 'openai-chat',
  baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai',
  priority: 14,
  timeouts: { idleMs: 60_000, firstByteMs: 60_000 },
  models: [
    {
      ...gemini3,
      id: 'gemini-3.1-pro-preview',
      aliases: ['gemini-pro'],
      status: 'preview',
      reasoning: { ...gemini3.reasoning, default: 'high' },
      intelligence: 18,
      // Twice the input price and half as much again for the output above 200 000 tokens of prompt.
      price: { input: 2, output: 12 },
      categories: ['EXTENDED_REASONING', 'REASONING', 'CODE_GENERATION', 'LONG_CONTEXT', 'MULTIMODAL'],
    },
    {
      ...gemini3,
      id: 'gemini-3.8-flash',
      aliases: ['gemini', 'gemini-flash'],
      intelligence: 17,
      // Until the end of 2026; twice as much from 2027 on.
      price: { input: 0.75, cachedInput: 0.075, output: 3.75 },
      categories: ['BALANCED', 'EXTENDED_REASONING', 'CODE_GENERATION', 'LONG_CONTEXT', 'MULTIMODAL'],
    },
    {
      ...gemini3,
      id: 'gemini-3.5-flash',
      reasoning: withMinimal,
      intelligence: 16,
      price: { input: 1.5, cachedInput: 0.15, output: 9 },
      categories: ['BALANCED', 'LONG_CONTEXT', 'MULTIMODAL'],
    },
    {
      ...gemini3,
      id: 'gemini-3.5-flash-lite',
      aliases: ['gemini-flash-lite'],
      reasoning: withMinimal,
      intelligence: 13,
      speed: 'fast',
      price: { input: 0.3, output: 2.5 },
      categories: ['FAST_RESPONSE', 'LONG_CONTEXT', 'MULTIMODAL'],
    },
  ],
  quirks: {
    thinkingStyle: 'effort',
    retryAfterText: 'retry in (\\d+(?:\\.\\d+)?) ?s',
    errors: [
      { status: 400, message: 'API key (not valid|expired|not found)', becomes: 'PROVIDER_AUTH' },
      { status: 400, message: 'exceeds the maximum number of tokens', becomes: 'CONTEXT_TOO_LARGE' },
      { status: 429, message: 'billing|prepayment credits', becomes: 'PROVIDER_QUOTA' },
    ],
  },
});
