import { type FixedResource } from './resource.js';

export const providersStatus: FixedResource = {
  uri: 'exai://providers/status',
  name: 'providers-status',
  title: 'Provider status',
  description: 'Which providers are ready, how they have answered lately, and what to do next.',
  policy: { tool: 'status' },
  async read({ view }, { models: permitted }) {
    const [{ providers }, { providers_health, next_steps }] = await Promise.all([
      view.models({ includeRetired: false, ...(permitted && { permitted }) }),
      view.status({ includeTools: false, doctor: false, maxErrors: 0 }),
    ]);
    return { json: { providers, providers_health, next_steps } };
  },
};
