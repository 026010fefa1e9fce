import { type Principal } from '#libs/auth';
import { type ModelReport, type ModelsFilter, type ModelsReport } from '#libs/tools';
import { type FixedResource, type ResourceSources, type ResourceTemplate } from './resource.js';

const POLICY = { scope: 'tools:list' } as const;

export const models: FixedResource = {
  uri: 'exai://models',
  name: 'models',
  title: 'Models',
  description: 'Providers and models that can be used here, as listmodels tells them.',
  policy: POLICY,
  read: async (sources, principal) => ({
    json: await modelsOf(sources, principal, { includeRetired: false }),
  }),
};

export const model: ResourceTemplate = {
  uriTemplate: 'exai://models/{id}',
  name: 'model',
  title: 'Model',
  description: 'One model by id, alias or provider/id: limits, abilities, price, whether it can be used now.',
  policy: POLICY,
  async read(sources, principal, id) {
    const report = await modelsOf(sources, principal, { includeRetired: true, everyProvider: true });
    const found = named(report.models, id.trim().toLowerCase());
    return found && { json: found };
  },
  async ids(sources, principal, limit) {
    const report = await modelsOf(sources, principal, { includeRetired: false });
    const usableFirst = [...report.models].sort((a, b) => Number(b.usable) - Number(a.usable));
    return [...new Set(usableFirst.map(({ id }) => id))].slice(0, limit);
  },
};

/** Names a call may give for a model, `auto` first: ids, then aliases, of what this caller can use now. */
export async function usableModelNames(sources: ResourceSources, principal: Principal): Promise<string[]> {
  const report = await modelsOf(sources, principal, { includeRetired: false });
  const usable = report.models.filter((found) => found.usable);
  return [...new Set(['auto', ...usable.map(({ id }) => id), ...usable.flatMap(({ aliases }) => aliases)])];
}

function modelsOf(
  { view }: ResourceSources,
  { models: permitted }: Principal,
  filter: ModelsFilter,
): Promise<ModelsReport> {
  return view.models({ ...filter, ...(permitted && { permitted }) });
}

/** Several providers may have a model of one name: the one that can be used is meant. */
function named(all: readonly ModelReport[], name: string): ModelReport | undefined {
  const isNamed = ({ id, provider, aliases }: ModelReport) =>
    [id, `${provider}/${id}`, ...aliases].some((other) => other.toLowerCase() === name);
  const found = all.filter(isNamed);
  return found.find(({ usable }) => usable) ?? found[0];
}
