import type { Config, ProviderSettings } from '#libs/config';
import type { Catalogue } from './catalogue/catalogue.js';
import { SIMULATOR_ID, type ProviderDescriptor } from './define.js';

/** `ready`: can be asked. `no_key`: its key is not set. `disabled`: switched off. */
export type ProviderState = 'ready' | 'no_key' | 'disabled';

export interface ProviderStatus {
  readonly id: string;
  readonly title: string;
  readonly state: ProviderState;
  /** The setting to change so that the provider becomes ready. */
  readonly keyVariable: string;
  /** Models that are not retired. */
  readonly models: number;
}

export function settingsOf(config: Pick<Config, 'providers'>, id: string): ProviderSettings | undefined {
  return Object.hasOwn(config.providers.settings, id) ? config.providers.settings[id] : undefined;
}

export function statusesOf(
  catalogue: Catalogue,
  config: Pick<Config, 'providers' | 'server'>,
): ReadonlyMap<string, ProviderStatus> {
  const stateOf = ({ id, keyless }: ProviderDescriptor): ProviderState =>
    keyless || settingsOf(config, id)?.apiKey ? 'ready' : 'no_key';
  const anyReal = catalogue.providers.some(
    (provider) => provider.id !== SIMULATOR_ID && stateOf(provider) === 'ready',
  );
  const { simulator } = config.providers;
  const simulated =
    simulator === 'on' || (simulator === 'auto' && !anyReal && config.server.environment !== 'production');
  return new Map(
    catalogue.providers.map((provider) => [
      provider.id,
      {
        id: provider.id,
        title: provider.title,
        state: provider.id !== SIMULATOR_ID ? stateOf(provider) : simulated ? 'ready' : 'disabled',
        keyVariable: provider.id === SIMULATOR_ID ? 'EXAI_SIMULATOR' : provider.keyVariable,
        models: provider.models.filter(({ status }) => status !== 'retired').length,
      },
    ]),
  );
}
