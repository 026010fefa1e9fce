import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { type AuthConfig, type Config, type ServerConfig } from './config.js';
import { ConfigError } from './config-error.js';
import { type EnvironmentVariables } from './environment.js';
import { fileRootProblem, homeDirectory } from './file-roots.js';
import { deepFreeze } from './frozen.js';
import { readProviders } from './load-providers.js';
import { isLoopbackHost, LOOPBACK_NAMES } from './loopback.js';
import { present } from './present.js';
import { rememberOrigin } from './provider-reading.js';
import { RawValues } from './raw-values.js';
import { isPlaceholder } from './refused-values.js';
import { requirementFaults, sharedSecretFaults, signingSecretFault, unknownNameFaults } from './rules.js';
import { SETTINGS } from './schema.js';
import { type Setting } from './setting.js';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const MIB = 1_048_576;

export interface LoadOptions {
  /** False for the command line, the stdio shim and the simulator: values are checked, server requirements are not. */
  readonly serving?: boolean;
  /** Start directory; default `process.cwd()`. */
  readonly cwd?: string;
}

/** The frozen configuration of this process. Throws one `ConfigError` that lists every fault, never a value. */
export function loadConfig(env: EnvironmentVariables, options: LoadOptions = {}): Config {
  const cwd = options.cwd ?? process.cwd();
  const values = new RawValues(env, env['NODE_ENV']?.trim().toLowerCase() === 'production');
  values.faults.push(...unknownNameFaults(env));

  const config = readSections(values, cwd, homeDirectory(env));
  values.faults.push(...sharedSecretFaults(config));
  if (options.serving ?? true) values.faults.push(...requirementFaults(config, (item) => values.isSet(item)));
  checkRedis(values, config);

  if (values.faults.length > 0) throw new ConfigError(values.faults);
  const secrets = [...new Set(values.secrets)].filter((secret) => !isPlaceholder(secret));
  const loaded = deepFreeze({ ...config, secrets, warnings: values.warnings });
  rememberOrigin(loaded, { environment: env, cwd });
  return loaded;
}

function readSections(values: RawValues, cwd: string, home: string): Config {
  const server = readServer(values, cwd);
  return {
    server,
    auth: readAuth(values, server),
    database: present({
      url: values.read(SETTINGS.databaseUrl),
      poolSize: values.read(SETTINGS.databasePool),
    }),
    queue: present({
      redisUrl: values.read(SETTINGS.redisUrl),
      workerConcurrency: values.read(SETTINGS.workerConcurrency),
      maxWaiting: values.read(SETTINGS.maxWaiting),
      attempts: values.read(SETTINGS.attempts),
      resultTtlMs: values.read(SETTINGS.resultTtl) * HOUR,
    }),
    providers: readProviders(values, server.environment === 'production', cwd),
    tools: present({
      profile: values.read(SETTINGS.profile),
      enabled: values.read(SETTINGS.enabledTools),
      disabled: values.read(SETTINGS.disabledTools),
      simpleTimeoutMs: values.read(SETTINGS.simpleTimeout) * SECOND,
      workflowTimeoutMs: values.read(SETTINGS.workflowTimeout) * SECOND,
      expertAnalysis: values.read(SETTINGS.expertAnalysis),
      clinkFile: absolute(values.read(SETTINGS.clinkFile), cwd),
      locale: values.read(SETTINGS.locale),
    }),
    limits: {
      maxBodyBytes: values.read(SETTINGS.maxBody) * MIB,
      maxPromptChars: values.read(SETTINGS.maxPromptChars),
      maxCallMs: values.read(SETTINGS.maxCall) * SECOND,
      maxConnections: values.read(SETTINGS.maxConnections),
      sessionMaxInflight: values.read(SETTINGS.sessionMaxInflight),
      socketMessagesPerSecond: values.read(SETTINGS.socketMessages),
    },
    files: {
      roots: readFileRoots(values, server.host, cwd, home),
      downloadDir: readDownloadDir(values, server.dataDir, cwd, home),
    },
    conversations: {
      ttlMs: values.read(SETTINGS.conversationTtl) * HOUR,
      maxTurns: values.read(SETTINGS.conversationTurns),
    },
    observability: {
      logLevel: values.read(SETTINGS.logLevel),
      logFormat: values.read(SETTINGS.logFormat) ?? (process.stderr.isTTY ? 'pretty' : 'json'),
    },
    client: present({
      url: values.read(SETTINGS.clientUrl),
      token: values.read(SETTINGS.clientToken),
      deadlineMs: values.read(SETTINGS.clientDeadline),
      files: values.read(SETTINGS.shimFiles),
    }),
    secrets: [],
    warnings: [],
  };
}

function absolute(path: string | undefined, cwd: string): string | undefined {
  return path === undefined ? undefined : resolve(cwd, path);
}

function readServer(values: RawValues, cwd: string): ServerConfig {
  const host = values.read(SETTINGS.host);
  const port = values.read(SETTINGS.port);
  const publicUrl =
    values.read(SETTINGS.publicUrl) ?? `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const names = [...LOOPBACK_NAMES, new URL(publicUrl).hostname, ...values.read(SETTINGS.allowedHosts)];
  return {
    environment: values.read(SETTINGS.environment),
    host,
    port,
    workerPort: values.read(SETTINGS.workerPort),
    publicUrl,
    allowedHosts: [...new Set(names)],
    allowedOrigins: [
      ...new Set([...ownOrigins(host, port, publicUrl), ...values.read(SETTINGS.allowedOrigins)]),
    ],
    dataDir: resolve(cwd, values.read(SETTINGS.dataDir)),
    drainTimeoutMs: values.read(SETTINGS.drainTimeout) * SECOND,
  };
}

/** Pages of the gateway itself: a browser sends `Origin` with their requests as well. */
function ownOrigins(host: string, port: number, publicUrl: string): readonly string[] {
  const local = isLoopbackHost(host) ? LOOPBACK_NAMES.map((name) => `http://${name}:${port}`) : [];
  return [publicUrl, ...local].map((url) => new URL(url).origin);
}

function readAuth(values: RawValues, server: ServerConfig): AuthConfig {
  const jwtSecret = readSigningSecret(values, SETTINGS.jwtSecret);
  const serverSecret = readSigningSecret(values, SETTINGS.serverSecret);
  return present({
    enabled: values.read(SETTINGS.auth) === 'on',
    jwtSecret,
    serverSecret,
    issuer: values.read(SETTINGS.issuer),
    audience: values.read(SETTINGS.audience) ?? `${server.publicUrl}/mcp`,
  });
}

function readSigningSecret(values: RawValues, item: Setting<string | undefined>): string | undefined {
  const secret = values.read(item);
  const fault = secret && signingSecretFault(item.env, secret);
  if (fault) values.faults.push(fault);
  return secret;
}

function readFileRoots(values: RawValues, host: string, cwd: string, home: string): string[] {
  const roots = values.read(SETTINGS.fileRoots);
  if (roots === undefined) {
    if (!isLoopbackHost(host)) return [];
    const problem = fileRootProblem(cwd, home);
    if (problem === undefined) return [cwd];
    values.warnings.push(`Tools read no files: the start directory ${problem}. Set EXAI_FILE_ROOTS.`);
    return [];
  }
  for (const problem of new Set(roots.map((root) => fileRootProblem(root, home)))) {
    if (problem !== undefined)
      values.fault(SETTINGS.fileRoots.env, problem, 'absolute directories inside a project');
  }
  return roots.map((root) => resolve(root));
}

function readDownloadDir(values: RawValues, dataDir: string, cwd: string, home: string): string {
  const stated = values.read(SETTINGS.downloadDir);
  if (stated === undefined) return join(dataDir, 'downloads');
  const directory = resolve(cwd, stated);
  const problem = fileRootProblem(directory, home);
  if (problem !== undefined) values.fault(SETTINGS.downloadDir.env, problem, 'a directory of its own');
  return directory;
}

function checkRedis(values: RawValues, { queue, server }: Config): void {
  const redis = queue.redisUrl === undefined ? undefined : new URL(queue.redisUrl);
  if (redis === undefined || redis.password !== '' || isLoopbackHost(redis.hostname)) return;
  const problem = 'names a server on the network without a password';
  if (server.environment === 'production') {
    values.fault(SETTINGS.redisUrl.env, problem, 'redis URL with a password');
  } else {
    values.warnings.push(`${SETTINGS.redisUrl.env} ${problem}; production refuses this.`);
  }
}
