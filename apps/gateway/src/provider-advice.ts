import { type MergedHealth } from '#libs/health';
import { type ProviderRegistry, type ProviderStatus } from '#libs/providers';

/** Sentences for a person who can change something, the most useful first. */
export function providerAdvice(
  registry: ProviderRegistry,
  health: ReadonlyMap<string, MergedHealth>,
): string[] {
  const providers = registry.providers();
  const ready = providers.filter(({ state }) => state === 'ready');
  const missing = providers.filter(({ state, prominent }) => state === 'no_key' && prominent);
  const { reloadFault } = registry;
  return [
    ...(reloadFault === undefined ? [] : [`The changed provider files are not in use: ${reloadFault}`]),
    ...ready.flatMap((status) => circuitAdvice(status, health.get(status.id))),
    ...(ready.every(({ id }) => id === 'simulator') && missing.length > 0
      ? [`Set ${missing.map(({ keyVariable }) => keyVariable).join(' or ')} to use real models.`]
      : []),
  ];
}

function circuitAdvice({ id, keyVariable }: ProviderStatus, health: MergedHealth | undefined): string[] {
  if (!health) return [];
  const causes = new Set(
    health.models.flatMap(({ state, cause }) => (state === 'open' && cause !== undefined ? [cause] : [])),
  );
  if (causes.has('PROVIDER_AUTH')) return [`${id} is refusing the key: check ${keyVariable}.`];
  if (causes.has('PROVIDER_QUOTA')) return [`The balance or plan at ${id} is used up: top up the account.`];
  if (health.state !== 'open') return [];
  const cause = health.cause === undefined ? '' : ` after ${health.cause}`;
  return [`${id} is not asked for a while${cause}; it is tried again by itself.`];
}
