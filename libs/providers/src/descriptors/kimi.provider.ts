import { defineProvider } from '../define.js';
import type { ModelEntry } from '../catalogue/model-card.js';

/** The platform fixes every sampling parameter of `kimi-*`, so none is sent. */
const kimiModel = {
  files: true,
  temperature: false,
  categories: ['EXTENDED_REASONING', 'REASONING', 'CODE_GENERATION'],
} satisfies Partial<ModelEntry>;

const toggle = { kind: 'toggle', default: 'enabled' } as const;
const alwaysThinking = { kind: 'toggle', alwaysOn: true, default: 'enabled' } as const;

const moonshotV1 = {
  files: true,
  webSearch: true,
  temperature: { min: 0, max: 1, default: 0.3 },
  categories: ['CREATIVE_WRITING'],
} satisfies Partial<ModelEntry>;

const vision = { images: true, webSearch: false } as const;

const retired = { ...kimiModel, status: 'retired', replacedBy: 'kimi-k2.6', intelligence: 10 } as const;
const retiredK2 = { ...retired, retiredOn: '2026-05-25', contextWindow: 262_144, maxOutputTokens: 262_144 };
const retiredLatest = { ...retired, retiredOn: '2026-01-28', images: true };

export const kimi = defineProvider({
  id: 'kimi',
  title: 'Moonshot Kimi',
  api: 'openai-chat',
  baseUrl: 'https://api.moonshot.ai/v1',
  prominent: true,
  priority: 10,
  models: [
    {
      ...kimiModel,
      id: 'kimi-k3',
      contextWindow: 1_048_576,
      // The vendor takes up to the whole window; this is what it does when asked for nothing.
      maxOutputTokens: 131_072,
      images: true,
      video: true,
      reasoning: { kind: 'effort', alwaysOn: true, default: 'max', efforts: ['low', 'high', 'max'] },
      intelligence: 20,
      speed: 'slow',
      price: { input: 3, cachedInput: 0.3, output: 15 },
      timeoutMultiplier: 1.5,
      categories: ['EXTENDED_REASONING', 'REASONING', 'CODE_GENERATION', 'LONG_CONTEXT', 'MULTIMODAL'],
      description: 'Largest Kimi model: a million tokens of context, always thinking.',
    },
    {
      ...kimiModel,
      id: 'kimi-k2.7-code',
      contextWindow: 262_144,
      maxOutputTokens: 262_144,
      images: true,
      reasoning: alwaysThinking,
      intelligence: 17,
      price: { input: 0.95, output: 4 },
      categories: ['CODE_GENERATION'],
      description: 'Coding model, always thinking.',
    },
    {
      ...kimiModel,
      id: 'kimi-k2.7-code-highspeed',
      contextWindow: 262_144,
      maxOutputTokens: 262_144,
      images: true,
      reasoning: alwaysThinking,
      intelligence: 17,
      price: { input: 1.9, output: 8 },
      categories: ['CODE_GENERATION'],
      description: 'The coding model on faster hardware, at twice the price.',
    },
    {
      ...kimiModel,
      id: 'kimi-k2.6',
      aliases: ['kimi', 'kimi-k2'],
      contextWindow: 262_144,
      maxOutputTokens: 262_144,
      images: true,
      video: true,
      webSearch: true,
      reasoning: toggle,
      intelligence: 18,
      price: { input: 0.95, cachedInput: 0.16, output: 4 },
      categories: ['BALANCED', 'EXTENDED_REASONING', 'REASONING', 'CODE_GENERATION', 'MULTIMODAL'],
      description: 'The default Kimi model.',
    },
    {
      ...kimiModel,
      id: 'kimi-k2.5',
      contextWindow: 262_144,
      // What the vendor recommends; it would take up to the whole window.
      maxOutputTokens: 32_768,
      images: true,
      video: true,
      webSearch: true,
      reasoning: toggle,
      intelligence: 16,
      price: { input: 0.6, cachedInput: 0.1, output: 3 },
      categories: ['BALANCED', 'MULTIMODAL'],
      description: 'The cheaper general Kimi model.',
    },
    // The v1 models share one window between prompt and answer, so the output limit is what the prompt leaves.
    { ...moonshotV1, id: 'moonshot-v1-8k', contextWindow: 8_192, maxOutputTokens: 8_192, intelligence: 7 },
    { ...moonshotV1, id: 'moonshot-v1-32k', contextWindow: 32_768, maxOutputTokens: 32_768, intelligence: 7 },
    {
      ...moonshotV1,
      id: 'moonshot-v1-128k',
      contextWindow: 131_072,
      maxOutputTokens: 131_072,
      intelligence: 7,
    },
    {
      ...moonshotV1,
      ...vision,
      id: 'moonshot-v1-8k-vision-preview',
      contextWindow: 8_192,
      maxOutputTokens: 8_192,
      intelligence: 7,
    },
    {
      ...moonshotV1,
      ...vision,
      id: 'moonshot-v1-32k-vision-preview',
      contextWindow: 32_768,
      maxOutputTokens: 32_768,
      intelligence: 7,
    },
    {
      ...moonshotV1,
      ...vision,
      id: 'moonshot-v1-128k-vision-preview',
      contextWindow: 131_072,
      maxOutputTokens: 131_072,
      intelligence: 7,
    },
    {
      ...moonshotV1,
      id: 'moonshot-v1-auto',
      contextWindow: 131_072,
      maxOutputTokens: 131_072,
      intelligence: 7,
      description: 'Picks the v1 model by the length of the prompt.',
    },
    { ...retiredK2, id: 'kimi-k2-0905-preview' },
    { ...retiredK2, id: 'kimi-k2-turbo-preview' },
    { ...retiredK2, id: 'kimi-k2-0711-preview', contextWindow: 131_072, maxOutputTokens: 131_072 },
    { ...retiredK2, id: 'kimi-k2-thinking', reasoning: alwaysThinking },
    { ...retiredK2, id: 'kimi-k2-thinking-turbo', reasoning: alwaysThinking },
    { ...retiredLatest, id: 'kimi-latest', contextWindow: 131_072, maxOutputTokens: 131_072 },
    { ...retiredLatest, id: 'kimi-latest-8k', contextWindow: 8_192, maxOutputTokens: 8_192 },
    { ...retiredLatest, id: 'kimi-latest-32k', contextWindow: 32_768, maxOutputTokens: 32_768 },
    { ...retiredLatest, id: 'kimi-latest-128k', contextWindow: 131_072, maxOutputTokens: 131_072 },
    {
      ...retired,
      id: 'kimi-thinking-preview',
      aliases: ['kimi-thinking'],
      retiredOn: '2025-11-11',
      contextWindow: 131_072,
      maxOutputTokens: 131_072,
      images: true,
      reasoning: alwaysThinking,
    },
  ],
  quirks: {
    maxTokensField: 'max_completion_tokens',
    webSearch: {
      tool: { type: 'builtin_function', function: { name: '$web_search' } },
      echoToolCalls: true,
      needsThinkingOff: true,
    },
    // https://platform.kimi.ai/docs/api/files-upload
    files: { purpose: 'file-extract', maxBytes: 100_000_000, persistent: true, textField: 'content' },
    retryAfterText: 'after (\\d+(?:\\.\\d+)?) ?s(?:ec|\\b)',
    // https://platform.kimi.ai/docs/api/errors
    errors: [
      { status: 400, type: 'content_filter', becomes: 'CONTENT_FILTERED' },
      { status: 400, message: 'token (length|limit)|context (length|window)', becomes: 'CONTEXT_TOO_LARGE' },
      { status: 400, type: 'invalid_request_error', becomes: 'PROVIDER_REJECTED' },
      { status: 401, type: 'invalid_authentication_error', becomes: 'PROVIDER_AUTH' },
      { status: 401, type: 'incorrect_api_key_error', becomes: 'PROVIDER_AUTH' },
      { status: 403, message: 'balance|quota|insufficient', becomes: 'PROVIDER_QUOTA' },
      { status: 403, message: '\\bmodel\\b', becomes: 'PROVIDER_AUTH', scope: 'model' },
      { status: 403, type: 'permission_denied_error', becomes: 'PROVIDER_AUTH' },
      { status: 404, type: 'resource_not_found_error', message: '\\bfile\\b', becomes: 'FILE_NOT_FOUND' },
      { status: 404, type: 'resource_not_found_error', becomes: 'MODEL_NOT_FOUND' },
      { status: 429, type: 'engine_overloaded_error', becomes: 'PROVIDER_UNAVAILABLE' },
      { status: 429, type: 'rate_limit_reached_error', becomes: 'PROVIDER_RATE_LIMITED' },
      { status: 429, type: 'exceeded_current_quota_error', becomes: 'PROVIDER_QUOTA' },
      { status: 500, type: 'server_error', becomes: 'PROVIDER_UNAVAILABLE' },
      { status: 500, type: 'unexpected_output', becomes: 'PROVIDER_UNAVAILABLE' },
    ],
  },
});
