import type { ErrorCode } from '#libs/errors';
import { defineProvider, type ErrorRule } from '../define.js';
import type { ModelEntry } from '../catalogue/model-card.js';

const toggle = { kind: 'toggle', default: 'enabled' } as const;

const text = {
  webSearch: true,
  temperature: { min: 0, max: 1, default: 0.6 },
  reasoning: toggle,
} satisfies Partial<ModelEntry>;
const vision = { ...text, webSearch: false, images: true, video: true } as const;

const millionTokens = { ...text, contextWindow: 1_048_576, maxOutputTokens: 131_072 };
const glm5 = { ...text, contextWindow: 200_000, maxOutputTokens: 131_072 };
const glm46v = { ...vision, contextWindow: 131_072, maxOutputTokens: 32_768 };
const glm45 = { ...text, contextWindow: 131_072, maxOutputTokens: 98_304 };
const free = { input: 0, cachedInput: 0, output: 0 } as const;

/** One line per business code of the vendor, which stands in `error.code` whatever the HTTP status is. */
function businessCodes(becomes: ErrorCode, ...codes: number[]): ErrorRule[] {
  return codes.map((code) => ({ code: String(code), becomes }));
}

/** The same, where the other models of the account still answer. */
function ofOneModel(rules: readonly ErrorRule[]): ErrorRule[] {
  return rules.map((rule) => ({ ...rule, scope: 'model' }));
}

export const glm = defineProvider({
  id: 'glm',
  title: 'Z.ai GLM',
  api: 'openai-chat',
  baseUrl: 'https://api.z.ai/api/paas/v4',
  prominent: true,
  priority: 11,
  models: [
    {
      ...millionTokens,
      id: 'glm-5.3',
      aliases: ['glm'],
      reasoning: { kind: 'effort', alwaysOn: true, default: 'max', efforts: ['low', 'high', 'max'] },
      intelligence: 18,
      price: { input: 1.4, cachedInput: 0.26, output: 4.4 },
      timeoutMultiplier: 1.5,
      categories: ['EXTENDED_REASONING', 'REASONING', 'CODE_GENERATION', 'LONG_CONTEXT'],
      description: 'Largest GLM model: a million tokens of context, always thinking.',
    },
    {
      ...millionTokens,
      id: 'glm-5.3-flash',
      reasoning: { kind: 'toggle', alwaysOn: true, default: 'enabled' },
      intelligence: 14,
      speed: 'fast',
      price: { input: 0.15, output: 0.5 },
      categories: ['FAST_RESPONSE', 'BALANCED', 'LONG_CONTEXT'],
      description: 'Small, cheap model with the long window.',
    },
    {
      ...millionTokens,
      id: 'glm-5.2',
      reasoning: { kind: 'effort', default: 'enabled', efforts: ['high', 'max'] },
      intelligence: 17,
      price: { input: 1.4, cachedInput: 0.26, output: 4.4 },
      categories: ['EXTENDED_REASONING', 'REASONING', 'CODE_GENERATION', 'LONG_CONTEXT'],
    },
    {
      ...glm5,
      id: 'glm-5.1',
      intelligence: 17,
      price: { input: 1.4, cachedInput: 0.26, output: 4.4 },
      categories: ['EXTENDED_REASONING', 'CODE_GENERATION'],
    },
    {
      ...glm5,
      id: 'glm-5',
      intelligence: 16,
      price: { input: 1, cachedInput: 0.2, output: 3.2 },
      categories: ['EXTENDED_REASONING', 'CODE_GENERATION'],
    },
    { ...glm5, id: 'glm-5-turbo', intelligence: 15, price: { input: 1.2, cachedInput: 0.24, output: 4 } },
    {
      ...glm5,
      ...vision,
      id: 'glm-5v-turbo',
      intelligence: 15,
      price: { input: 1.2, cachedInput: 0.24, output: 4 },
      categories: ['MULTIMODAL'],
    },
    { ...glm5, id: 'glm-4.7', intelligence: 15, price: { input: 0.6, cachedInput: 0.11, output: 2.2 } },
    {
      ...glm5,
      id: 'glm-4.7-flashx',
      intelligence: 12,
      speed: 'fast',
      price: { input: 0.07, cachedInput: 0.01, output: 0.4 },
      categories: ['FAST_RESPONSE'],
    },
    {
      ...glm5,
      id: 'glm-4.7-flash',
      aliases: ['glm-flash', 'flash'],
      intelligence: 12,
      speed: 'fast',
      price: free,
      categories: ['FAST_RESPONSE'],
      description: 'Free and fast: the default for quick answers.',
    },
    { ...glm5, id: 'glm-4.6', intelligence: 14, price: { input: 0.6, cachedInput: 0.11, output: 2.2 } },
    {
      ...glm46v,
      id: 'glm-4.6v',
      intelligence: 13,
      price: { input: 0.3, cachedInput: 0.05, output: 0.9 },
      categories: ['MULTIMODAL'],
    },
    {
      ...glm46v,
      id: 'glm-4.6v-flashx',
      intelligence: 10,
      speed: 'fast',
      price: { input: 0.04, cachedInput: 0.004, output: 0.4 },
      categories: ['MULTIMODAL'],
    },
    {
      ...glm46v,
      id: 'glm-4.6v-flash',
      intelligence: 10,
      speed: 'fast',
      price: free,
      categories: ['MULTIMODAL'],
    },
    { ...glm45, id: 'glm-4.5', intelligence: 13, price: { input: 0.6, cachedInput: 0.11, output: 2.2 } },
    { ...glm45, id: 'glm-4.5-air', intelligence: 11, price: { input: 0.2, cachedInput: 0.03, output: 1.1 } },
    {
      ...glm45,
      id: 'glm-4.5-x',
      intelligence: 13,
      price: { input: 2.2, cachedInput: 0.45, output: 8.9 },
      description: 'GLM-4.5 on faster hardware; a model of its own at eleven times the price of air.',
    },
    { ...glm45, id: 'glm-4.5-airx', intelligence: 11, price: { input: 1.1, cachedInput: 0.22, output: 4.5 } },
    { ...glm45, id: 'glm-4.5-flash', intelligence: 9, speed: 'fast', price: free },
    {
      ...vision,
      id: 'glm-4.5v',
      contextWindow: 65_536,
      maxOutputTokens: 16_384,
      intelligence: 11,
      price: { input: 0.6, cachedInput: 0.11, output: 1.8 },
      categories: ['MULTIMODAL'],
    },
  ],
  quirks: {
    omit: ['stream_options', 'frequency_penalty', 'presence_penalty'],
    omitInMessages: ['name'],
    omitInTools: ['strict'],
    toolChoice: 'auto',
    zeroTemperature: 'do_sample',
    webSearch: {
      tool: {
        type: 'web_search',
        web_search: { enable: true, search_engine: 'search-prime', search_result: true, count: 10 },
      },
    },
    searchApi: { path: '/web_search', engine: 'search-prime', priceUsd: 0.01 },
    streamedToolsBody: { tool_stream: true },
    files: { purpose: 'agent', maxBytes: 100_000_000, persistent: false },
    // https://docs.z.ai/api-reference/api-code
    errors: [
      ...businessCodes('PROVIDER_UNAVAILABLE', 500, 1120, 1234, 1312),
      ...businessCodes('PROVIDER_AUTH', 1000, 1001, 1002, 1003, 1004),
      ...businessCodes('PROVIDER_AUTH', 1110, 1111, 1112, 1121),
      ...ofOneModel(businessCodes('PROVIDER_AUTH', 1220, 1221, 1222)),
      ...businessCodes('PROVIDER_BAD_RESPONSE', 1200, 1230),
      ...businessCodes('PROVIDER_REJECTED', 1210, 1213, 1214, 1215, 1231),
      ...businessCodes('MODEL_NOT_FOUND', 1211, 1212),
      ...businessCodes('CONTEXT_TOO_LARGE', 1261),
      ...businessCodes('CONTENT_FILTERED', 1300, 1301),
      ...businessCodes('PROVIDER_RATE_LIMITED', 1302, 1303, 1305),
      ...businessCodes('PROVIDER_QUOTA', 1113, 1304, 1308, 1309, 1310, 1313),
      // The plan does not contain this model.
      ...ofOneModel(businessCodes('PROVIDER_QUOTA', 1311)),
      { status: 434, becomes: 'PROVIDER_AUTH', scope: 'model' },
      { status: 435, becomes: 'FILE_TOO_LARGE' },
    ],
  },
});
