import { type Config } from './config.js';
import { type ConfigFault } from './config-error.js';
import { type EnvironmentVariables } from './environment.js';
import { isLoopbackHost } from './loopback.js';
import { closestNames } from './closest-names.js';
import { distinctBytes, isPlaceholder, REFUSED_SWITCHES } from './refused-values.js';
import { PROVIDER_SETTINGS } from './provider-schema.js';
import { ALL_SETTINGS, SETTINGS } from './schema.js';
import { type Setting } from './setting.js';

const MIN_SECRET_BYTES = 32;
const MIN_DISTINCT_BYTES = 16;
const RANDOM_SECRET = 'at least 32 random bytes, for example from `openssl rand -base64 48`';

/** Names that no setting has: typing errors and switches that were refused on purpose. */
export function unknownNameFaults(env: EnvironmentVariables): ConfigFault[] {
  const known = new Set(
    ALL_SETTINGS.flatMap(({ env: name, secret }) => (secret ? [name, `${name}_FILE`] : [name])),
  );
  return Object.entries(env).flatMap(([variable, value]): ConfigFault[] => {
    if (value === undefined || value.trim() === '' || known.has(variable)) return [];
    const instead = REFUSED_SWITCHES.get(variable);
    if (instead !== undefined)
      return [{ variable, problem: 'refused: it would weaken security', expected: instead }];
    if (!variable.startsWith('EXAI_')) return [];
    const nearest = nearestSetting(variable, [...known]);
    const problem = nearest === undefined ? 'no such setting' : `no such setting, the nearest is ${nearest}`;
    return [{ variable, problem, expected: 'a name listed in docs/configuration.md' }];
  });
}

/** Compared without the prefix, which some names have and some have not. */
function nearestSetting(variable: string, names: readonly string[]): string | undefined {
  const byBareName = new Map(names.map((name) => [name.replace(/^EXAI_/, ''), name]));
  const [nearest] = closestNames(variable.replace(/^EXAI_/, ''), byBareName.keys(), 1);
  return nearest === undefined ? undefined : byBareName.get(nearest);
}

/** Faults of a signing secret that is set; wording never shows it. */
export function signingSecretFault(variable: string, secret: string): ConfigFault | undefined {
  const fault = (problem: string): ConfigFault => ({ variable, problem, expected: RANDOM_SECRET });
  if (isPlaceholder(secret)) return fault('a placeholder');
  if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) return fault('too short');
  if (distinctBytes(secret) < MIN_DISTINCT_BYTES) return fault('too uniform');
  return undefined;
}

/** What a gateway or worker needs before it may listen, by where and how it runs. */
export function requirementFaults(config: Config, isSet: (item: Setting<unknown>) => boolean): ConfigFault[] {
  const production = config.server.environment === 'production';
  const exposed = !isLoopbackHost(config.server.host);
  const where = exposed ? 'when HOST is not loopback' : 'in production';
  const required = (item: Setting<unknown>, expected: string): ConfigFault[] =>
    isSet(item) ? [] : [{ variable: item.env, problem: `required ${where}`, expected }];

  const faults: ConfigFault[] = [];
  if (production || exposed) {
    faults.push(...required(SETTINGS.jwtSecret, RANDOM_SECRET));
    faults.push(...required(SETTINGS.serverSecret, RANDOM_SECRET));
    if (!config.auth.enabled) {
      faults.push({ variable: SETTINGS.auth.env, problem: `off is refused ${where}`, expected: 'on' });
    }
  }
  if (exposed) {
    faults.push(...required(SETTINGS.publicUrl, 'the URL clients use'));
    faults.push(...required(SETTINGS.audience, 'the accepted `aud`, usually <EXAI_PUBLIC_URL>/mcp'));
  }
  if (exposed && config.tools.clinkFile !== undefined) {
    const problem = 'refused when HOST is not loopback: others would run programs of this machine';
    faults.push({ variable: SETTINGS.clinkFile.env, problem, expected: 'not set' });
  }
  if (production) faults.push(...productionFaults(config, isSet));
  return faults;
}

/** A secret for clients must not travel to a vendor as its API key. */
export function sharedSecretFaults({ auth, providers }: Config): ConfigFault[] {
  return PROVIDER_SETTINGS.filter(
    ({ id }) => auth.jwtSecret !== undefined && providers.settings[id]?.apiKey === auth.jwtSecret,
  ).map(({ apiKey }) => ({
    variable: apiKey.env,
    problem: 'the same value as JWT_SECRET_KEY',
    expected: 'the API key issued by the vendor',
  }));
}

function productionFaults(config: Config, isSet: (item: Setting<unknown>) => boolean): ConfigFault[] {
  const faults: ConfigFault[] = [];
  if (!isSet(SETTINGS.databaseUrl)) {
    faults.push({
      variable: SETTINGS.databaseUrl.env,
      problem: 'required in production',
      expected: SETTINGS.databaseUrl.type,
    });
  }
  if (config.providers.simulator === 'on') {
    faults.push({
      variable: SETTINGS.simulator.env,
      problem: 'on is refused in production',
      expected: 'auto or off',
    });
  }
  if (!hasProvider(config, isSet)) {
    faults.push({
      variable: 'KIMI_API_KEY or GLM_API_KEY',
      problem: 'required in production',
      expected: `the key of at least one provider, which may also be ${OTHER_KEYS}, or ${SETTINGS.providersFile.env}`,
    });
  }
  return faults;
}

const OTHER_KEYS = PROVIDER_SETTINGS.slice(2)
  .map(({ apiKey, baseUrl }) => (apiKey.required === '' ? baseUrl.env : apiKey.env))
  .join(', ');

/** A provider with a key, a model server of the operator's own, or a file that describes either. */
function hasProvider({ providers }: Config, isSet: (item: Setting<unknown>) => boolean): boolean {
  return (
    providers.file !== undefined ||
    PROVIDER_SETTINGS.some(
      ({ id, apiKey, baseUrl }) =>
        providers.settings[id]?.apiKey !== undefined || (apiKey.required === '' && isSet(baseUrl)),
    )
  );
}
