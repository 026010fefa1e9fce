import { defineProvider } from '../define.js';

/** A model server of the operator's own. Its models are those that were pulled, so they are asked for. */
export const ollama = defineProvider({
  id: 'ollama',
  title: 'Ollama',
  api: 'openai-chat',
  // https://docs.ollama.com/api/openai-compatibility
  baseUrl: 'http://127.0.0.1:11434/v1',
  keyless: true,
  free: true,
  needsBaseUrl: true,
  allowPrivate: true,
  discover: true,
  priority: 55,
  // The first request after a pause loads the model into memory.
  timeouts: { firstByteMs: 120_000, idleMs: 60_000 },
  models: [],
  quirks: { thinkingStyle: 'effort' },
});
