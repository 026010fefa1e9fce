// The settings that exist once for each provider and once for each routing category.
import { ROUTING_CATEGORIES } from './routing-categories.js';
import { optional, setting } from './setting.js';
import { integer, list, serverUrl, text, vendorUrl } from './value-kinds.js';

/** A bundled provider: one entry adds its five settings. */
interface ProviderPrefix {
  readonly prefix: string;
  readonly vendor: string;
  readonly maxInflight?: number;
  readonly timeoutSecs?: number;
  /** Run by the operator: needs no key, and its address may speak plain HTTP. */
  readonly ownServer?: true;
}

const PROVIDERS: readonly ProviderPrefix[] = [
  { prefix: 'KIMI', vendor: 'Moonshot', maxInflight: 6 },
  { prefix: 'GLM', vendor: 'Z.ai / BigModel', maxInflight: 4, timeoutSecs: 120 },
  { prefix: 'OPENAI', vendor: 'OpenAI' },
  { prefix: 'ANTHROPIC', vendor: 'Anthropic' },
  { prefix: 'GEMINI', vendor: 'Google Gemini' },
  { prefix: 'XAI', vendor: 'xAI' },
  { prefix: 'DEEPSEEK', vendor: 'DeepSeek' },
  { prefix: 'GROQ', vendor: 'Groq' },
  { prefix: 'MISTRAL', vendor: 'Mistral' },
  { prefix: 'OLLAMA', vendor: 'Ollama', ownServer: true },
  { prefix: 'OPENROUTER', vendor: 'OpenRouter' },
];

export const PROVIDER_SETTINGS = PROVIDERS.map(
  ({ prefix, vendor, maxInflight = 8, timeoutSecs = 180, ownServer = false }) => {
    const place = 'providers.settings' as const;
    return {
      id: prefix.toLowerCase(),
      apiKey: optional(`${prefix}_API_KEY`, place, text, {
        doc: `${vendor} API key`,
        defaultText: ownServer ? 'none, and none is needed' : 'none: provider shows no_key',
        required: ownServer ? '' : 'in production: one provider',
        secret: true,
      }),
      baseUrl: optional(`${prefix}_BASE_URL`, place, ownServer ? serverUrl : vendorUrl, {
        doc: ownServer
          ? `where ${vendor} listens, with /v1; setting it switches the provider on`
          : `other region, plan or proxy of ${vendor}`,
        defaultText: ownServer ? 'none: provider is off' : 'model catalogue',
      }),
      allowedModels: setting(`${prefix}_ALLOWED_MODELS`, place, list('model ids or aliases'), [], {
        doc: 'models that may be used; the order is the preference',
        defaultText: 'all',
      }),
      maxInflight: setting(`${prefix}_MAX_INFLIGHT`, place, integer(1, 1_000), maxInflight, {
        doc: 'upstream requests at once, per process',
      }),
      timeout: setting(`${prefix}_TIMEOUT_SECS`, place, integer(1, 1_800, 'seconds'), timeoutSecs, {
        doc: 'one upstream request, multiplied by the factor of the model',
      }),
    };
  },
);

export const ROUTE_SETTINGS = ROUTING_CATEGORIES.map((category) => ({
  category,
  setting: setting(`EXAI_ROUTE_${category}`, 'providers.routes', list('model ids or aliases'), [], {
    doc: `models that automatic routing tries for ${category}, in this order`,
    defaultText: 'by rank, price and speed',
  }),
}));
