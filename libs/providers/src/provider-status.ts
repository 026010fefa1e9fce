import type { Environment, ProviderSettings, SimulatorMode } from '#libs/config';
import type { Catalogue } from './catalogue/catalogue.js';
import { SIMULATOR_ID, type ProviderDescriptor } from './define.js';

/** `ready`: can be asked. `no_key`: its key, or for a server of one's own its address, is not set. `disabled`: switched off. */
export type ProviderState = 'ready' | 'no_key' | 'disabled';

export interface ProviderStatus {
  readonly id: string;
  readonly title: string;
  readonly state: ProviderState;
  /** The setting to change so that the provider becomes ready. */
  readonly keyVariable: string;
  /** Models that are not retired. */
  readonly models: number;
  /** Worth a word of its own to somebody who has not configured it; the others are named in one line at most. */
  readonly prominent: boolean;
}

/** Keyed by provider id. */
export type SettingsById = Readonly<Record<string, ProviderSettings>>;

export function settingsOf(settings: SettingsById, id: string): ProviderSettings | undefined {
  return Object.hasOwn(settings, id) ? settings[id] : undefined;
}

export function statusesOf(
  catalogue: Catalogue,
  settings: SettingsById,
  { simulator, environment }: { readonly simulator: SimulatorMode; readonly environment: Environment },
): ReadonlyMap<string, ProviderStatus> {
  const stateOf = (provider: ProviderDescriptor): ProviderState =>
    isConfigured(provider, settingsOf(settings, provider.id)) ? 'ready' : 'no_key';
  const anyReal = catalogue.providers.some(
    (provider) => provider.id !== SIMULATOR_ID && stateOf(provider) === 'ready',
  );
  const simulated = simulator === 'on' || (simulator === 'auto' && !anyReal && environment !== 'production');
  return new Map(
    catalogue.providers.map((provider) => {
      const state = provider.id !== SIMULATOR_ID ? stateOf(provider) : simulated ? 'ready' : 'disabled';
      const status: ProviderStatus = {
        id: provider.id,
        title: provider.title,
        state,
        keyVariable: variableOf(provider),
        models: provider.models.filter(({ status: life }) => life !== 'retired').length,
        prominent: provider.prominent || state === 'ready',
      };
      return [provider.id, status];
    }),
  );
}

function isConfigured(
  { keyless, needsBaseUrl }: ProviderDescriptor,
  settings: ProviderSettings | undefined,
): boolean {
  if (needsBaseUrl && settings?.baseUrl === undefined) return false;
  return keyless || Boolean(settings?.apiKey);
}

function variableOf({ id, needsBaseUrl, keyVariable }: ProviderDescriptor): string {
  if (id === SIMULATOR_ID) return 'EXAI_SIMULATOR';
  return needsBaseUrl ? keyVariable.replace(/_API_KEY$/, '_BASE_URL') : keyVariable;
}
