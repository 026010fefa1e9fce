import { type Config, type ProvidersConfig } from './config.js';
import { ConfigError } from './config-error.js';
import { type EnvironmentVariables } from './environment.js';
import { deepFreeze } from './frozen.js';
import { readProviders } from './load-providers.js';
import { PROVIDER_SETTINGS } from './provider-schema.js';
import { RawValues } from './raw-values.js';

/** What a configuration says about providers now: the variables are those of the start, secret files are read again. */
export interface ProviderReading {
  readonly providers: ProvidersConfig;
  /** Every secret value that was read, for redaction. */
  readonly secrets: readonly string[];
  readonly warnings: readonly string[];
  /** Absolute or as given: the files that keys were read from. */
  readonly secretFiles: readonly string[];
  /** The variables a providers file may refer to. */
  readonly environment: EnvironmentVariables;
}

interface Origin {
  readonly environment: EnvironmentVariables;
  readonly cwd: string;
}

/** Where a configuration came from. Beside it and not in it, as the variables hold every secret. */
const ORIGINS = new WeakMap<ProvidersConfig, Origin>();

export function rememberOrigin({ providers }: Config, origin: Origin): void {
  ORIGINS.set(providers, origin);
}

/** Reads the provider settings again. @throws ConfigError that lists every fault, never a value */
export function readProvidersAgain(config: Pick<Config, 'providers' | 'server'>): ProviderReading {
  const origin = ORIGINS.get(config.providers);
  // A section that was put together by hand has nothing it could be read from again.
  if (!origin) {
    return {
      providers: config.providers,
      secrets: [],
      warnings: [],
      secretFiles: [],
      environment: process.env,
    };
  }
  const { environment, cwd } = origin;
  const production = config.server.environment === 'production';
  const values = new RawValues(environment, production);
  const providers = deepFreeze(readProviders(values, production, cwd));
  if (values.faults.length > 0) throw new ConfigError(values.faults);
  const secretFiles = PROVIDER_SETTINGS.map(({ apiKey }) => environment[`${apiKey.env}_FILE`]?.trim()).filter(
    (path): path is string => path !== undefined && path !== '',
  );
  return { providers, secrets: values.secrets, warnings: values.warnings, secretFiles, environment };
}
