import type { ProviderEntry } from '../define.js';
import { anthropic } from './anthropic.provider.js';
import { deepseek } from './deepseek.provider.js';
import { gemini } from './gemini.provider.js';
import { glm } from './glm.provider.js';
import { groq } from './groq.provider.js';
import { kimi } from './kimi.provider.js';
import { mistral } from './mistral.provider.js';
import { ollama } from './ollama.provider.js';
import { openai } from './openai.provider.js';
import { openrouter } from './openrouter.provider.js';
import { simulator } from './simulator.provider.js';
import { xai } from './xai.provider.js';

/** Every bundled provider. A provider is added by one file beside this one and one line here. */
export const PROVIDERS: readonly ProviderEntry[] = [
  kimi,
  glm,
  openai,
  anthropic,
  gemini,
  xai,
  deepseek,
  groq,
  mistral,
  ollama,
  openrouter,
  simulator,
];
