import { defineProvider } from '../define.js';
import type { ModelEntry } from '../catalogue/model-card.js';

// Ids, windows, limits and prices: https://platform.claude.com/docs/en/models/overview
// and https://platform.claude.com/docs/en/about-claude/pricing
// Thinking and effort: https://platform.claude.com/docs/en/build-with-claude/thinking
// and https://platform.claude.com/docs/en/build-with-claude/effort
const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'];

/** The models since 4.7 take no sampling parameter, and think unless they are told not to. */
const current = {
  contextWindow: 1_000_000,
  maxOutputTokens: 128_000,
  images: true,
  webSearch: true,
  temperature: false,
} satisfies Partial<ModelEntry>;

const thinksByDefault = { kind: 'effort', default: 'high', efforts: EFFORTS } as const;
const alwaysThinks = { ...thinksByDefault, alwaysOn: true } as const;

export const anthropic = defineProvider({
  id: 'anthropic',
  title: 'Anthropic Claude',
  api: 'anthropic-messages',
  // Without the version, which every path of this dialect begins with.
  baseUrl: 'https://api.anthropic.com',
  auth: 'x-api-key',
  priority: 13,
  models: [
    {
      ...current,
      id: 'claude-fable-5-2',
      aliases: ['fable'],
      reasoning: alwaysThinks,
      intelligence: 20,
      speed: 'slow',
      price: { input: 8, cachedInput: 0.2, output: 40 },
      timeoutMultiplier: 1.5,
      categories: ['EXTENDED_REASONING', 'REASONING', 'CODE_GENERATION', 'LONG_CONTEXT'],
      description: 'Largest Claude model: for the hardest reasoning and the longest work, always thinking.',
    },
    {
      ...current,
      id: 'claude-opus-5-5',
      aliases: ['opus', 'claude'],
      reasoning: { ...alwaysThinks, default: 'medium' },
      intelligence: 19,
      price: { input: 4, cachedInput: 0.2, output: 20 },
      timeoutMultiplier: 1.5,
      categories: ['EXTENDED_REASONING', 'REASONING', 'CODE_GENERATION', 'LONG_CONTEXT', 'MULTIMODAL'],
      description: 'The default Claude model, always thinking.',
    },
    {
      ...current,
      id: 'claude-sonnet-5-5',
      aliases: ['sonnet'],
      // It can be kept from thinking ahead, but not from thinking between tools.
      reasoning: alwaysThinks,
      intelligence: 18,
      speed: 'fast',
      price: { input: 2, cachedInput: 0.1, output: 10 },
      categories: ['BALANCED', 'EXTENDED_REASONING', 'CODE_GENERATION', 'LONG_CONTEXT', 'MULTIMODAL'],
      description: 'Fast and capable, for everyday work.',
    },
    {
      ...current,
      id: 'claude-haiku-5-5',
      aliases: ['haiku'],
      reasoning: { ...thinksByDefault, default: 'medium' },
      intelligence: 15,
      speed: 'fast',
      // Of prompts up to 100 000 tokens; longer ones cost five times as much.
      price: { input: 0.1, cachedInput: 0.01, output: 0.5 },
      categories: ['FAST_RESPONSE', 'BALANCED', 'LONG_CONTEXT'],
      description: 'Smallest Claude model, for much work in little time.',
    },
    {
      ...current,
      id: 'claude-opus-5',
      reasoning: thinksByDefault,
      intelligence: 18,
      price: { input: 5, cachedInput: 0.5, output: 25 },
      timeoutMultiplier: 1.5,
      categories: ['EXTENDED_REASONING', 'CODE_GENERATION', 'LONG_CONTEXT'],
    },
    {
      ...current,
      id: 'claude-sonnet-5',
      reasoning: thinksByDefault,
      intelligence: 17,
      price: { input: 2, cachedInput: 0.2, output: 10 },
      categories: ['BALANCED', 'CODE_GENERATION', 'LONG_CONTEXT'],
    },
    {
      ...current,
      id: 'claude-haiku-4-5',
      apiModel: 'claude-haiku-4-5-20251001',
      aliases: ['claude-haiku-4-5-20251001'],
      contextWindow: 200_000,
      maxOutputTokens: 64_000,
      // The last model whose thinking has a budget, and the last that takes a temperature.
      reasoning: { kind: 'budget', maxThinkingTokens: 32_000 },
      temperature: { min: 0, max: 1, default: 1 },
      intelligence: 13,
      speed: 'fast',
      price: { input: 1, cachedInput: 0.1, output: 5 },
      categories: ['FAST_RESPONSE'],
    },
  ],
  quirks: {
    webSearch: { tool: { type: 'web_search_20250305', name: 'web_search', max_uses: 5 } },
    // https://platform.claude.com/docs/en/api/errors; the codes are those of `error.details.error_code`.
    errors: [
      { code: 'contract_spend_limit_reached', becomes: 'PROVIDER_QUOTA' },
      { code: 'enforced_spend_limit_reached', becomes: 'PROVIDER_QUOTA' },
      { code: 'organization_on_hold', becomes: 'PROVIDER_AUTH' },
      { type: 'billing_error', becomes: 'PROVIDER_QUOTA' },
      {
        type: 'invalid_request_error',
        message: 'credit balance|spend(ing)? limit|usage limit|billing',
        becomes: 'PROVIDER_QUOTA',
      },
      { status: 413, becomes: 'CONTEXT_TOO_LARGE' },
      { type: 'request_too_large', becomes: 'CONTEXT_TOO_LARGE' },
      {
        type: 'invalid_request_error',
        message: 'prompt is too long|context (limit|length|window)|too many (input )?tokens',
        becomes: 'CONTEXT_TOO_LARGE',
      },
      { type: 'invalid_request_error', becomes: 'PROVIDER_REJECTED' },
      { type: 'authentication_error', becomes: 'PROVIDER_AUTH' },
      { type: 'permission_error', becomes: 'PROVIDER_AUTH' },
      { type: 'not_found_error', becomes: 'MODEL_NOT_FOUND' },
      { type: 'rate_limit_error', becomes: 'PROVIDER_RATE_LIMITED' },
      { type: 'timeout_error', becomes: 'PROVIDER_TIMEOUT' },
      { type: 'api_error', becomes: 'PROVIDER_UNAVAILABLE' },
      { type: 'overloaded_error', becomes: 'PROVIDER_UNAVAILABLE' },
    ],
  },
});
