import { defineProvider } from '../define.js';
import type { ModelEntry } from '../catalogue/model-card.js';

const effort = {
  kind: 'effort',
  default: 'medium',
  efforts: ['minimal', 'low', 'medium', 'high', 'xhigh'],
} satisfies ModelEntry['reasoning'];

/**
 * Sells the models of others: https://openrouter.ai/docs. Its names contain a slash, which in ours separates the provider, so
 * they stand behind ours. A suffix such as `:free` belongs to a name.
 */
export const openrouter = defineProvider({
  id: 'openrouter',
  title: 'OpenRouter',
  api: 'openai-chat',
  baseUrl: 'https://openrouter.ai/api/v1',
  priority: 80,
  headers: { 'X-Title': 'EX-AI MCP Server' },
  timeouts: { idleMs: 60_000, firstByteMs: 60_000 },
  models: [
    {
      // What it costs depends on the model that it picks.
      id: 'openrouter/auto',
      apiModel: 'openrouter/auto',
      contextWindow: 128_000,
      maxOutputTokens: 16_384,
      intelligence: 14,
      categories: ['BALANCED'],
    },
    {
      // https://openrouter.ai/anthropic/claude-opus-5.5
      id: 'openrouter/anthropic/claude-opus-5.5',
      apiModel: 'anthropic/claude-opus-5.5',
      contextWindow: 1_000_000,
      maxOutputTokens: 128_000,
      images: true,
      temperature: false,
      reasoning: effort,
      intelligence: 19,
      price: { input: 4, output: 20 },
      timeoutMultiplier: 2,
      categories: ['EXTENDED_REASONING', 'REASONING', 'CODE_GENERATION', 'LONG_CONTEXT', 'MULTIMODAL'],
    },
    {
      // https://openrouter.ai/openai/gpt-5.6-sol; the price on this page could not be confirmed.
      id: 'openrouter/openai/gpt-5.6-sol',
      apiModel: 'openai/gpt-5.6-sol',
      contextWindow: 1_050_000,
      maxOutputTokens: 128_000,
      images: true,
      temperature: false,
      reasoning: effort,
      intelligence: 18,
      timeoutMultiplier: 3,
      categories: ['EXTENDED_REASONING', 'REASONING', 'CODE_GENERATION', 'LONG_CONTEXT', 'MULTIMODAL'],
    },
    {
      // https://openrouter.ai/z-ai/glm-5.3
      id: 'openrouter/z-ai/glm-5.3',
      apiModel: 'z-ai/glm-5.3',
      contextWindow: 1_048_576,
      maxOutputTokens: 131_072,
      reasoning: { kind: 'effort', alwaysOn: true, default: 'max', efforts: ['low', 'high', 'max'] },
      intelligence: 18,
      price: { input: 1.4, cachedInput: 0.26, output: 4.4 },
      timeoutMultiplier: 1.5,
      categories: ['EXTENDED_REASONING', 'REASONING', 'CODE_GENERATION', 'LONG_CONTEXT'],
    },
  ],
  quirks: {
    thinkingStyle: 'effort',
    reasoningFields: ['reasoning', 'reasoning_content'],
    // https://openrouter.ai/docs/api/reference/errors-and-debugging
    errors: [
      { status: 402, becomes: 'PROVIDER_QUOTA' },
      { status: 403, message: 'moderation|flagged', becomes: 'CONTENT_FILTERED' },
      { status: 404, message: 'no endpoints', becomes: 'MODEL_NOT_FOUND' },
      { status: 502, becomes: 'PROVIDER_UNAVAILABLE' },
    ],
  },
});
