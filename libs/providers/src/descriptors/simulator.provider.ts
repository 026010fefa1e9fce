import { defineProvider, SIMULATOR_ID } from '../define.js';

/** A real HTTP server of ours that answers while no vendor key is set; the settings say on which port. */
export const simulator = defineProvider({
  id: SIMULATOR_ID,
  title: 'Simulator',
  api: 'openai-chat',
  baseUrl: 'http://127.0.0.1:8078/v1',
  keyless: true,
  prominent: true,
  priority: 99,
  models: [
    {
      id: 'simulator-1',
      contextWindow: 200_000,
      maxOutputTokens: 32_768,
      images: true,
      reasoning: { kind: 'toggle' },
      intelligence: 1,
      speed: 'fast',
      price: { input: 0, cachedInput: 0, output: 0 },
      description: 'Deterministic answers for trying the product out; not a real model.',
    },
  ],
});
