import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from './config-error.js';
import { type EnvironmentVariables } from './environment.js';
import { loadConfig, type LoadOptions } from './load.js';
import { ALL_SETTINGS } from './schema.js';

const SECRET = 'kP3v_Zq8Lw2XrT9mB6yHs1Jd7NfGc4Ae0UiOoVtYxQ';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'config-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const load = (env: EnvironmentVariables, options: LoadOptions = {}) =>
  loadConfig({ HOME: '/nowhere', ...env }, { cwd: directory, ...options });

function errorOf(env: EnvironmentVariables, options: LoadOptions = {}): ConfigError {
  try {
    load(env, options);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('no fault was found');
}

const faultsOf = (env: EnvironmentVariables, options: LoadOptions = {}): string[] =>
  errorOf(env, options).faults.map(({ variable }) => variable);

describe('defaults', () => {
  it('needs nothing outside production', () => {
    const config = load({});
    expect(config.server).toEqual({
      environment: 'development',
      host: '127.0.0.1',
      port: 8079,
      workerPort: 8080,
      publicUrl: 'http://127.0.0.1:8079',
      allowedHosts: ['localhost', '127.0.0.1', '[::1]'],
      allowedOrigins: ['http://127.0.0.1:8079', 'http://localhost:8079', 'http://[::1]:8079'],
      dataDir: join(directory, '.exai'),
      drainTimeoutMs: 25_000,
    });
    expect(config.auth).toEqual({ enabled: true, issuer: 'exai', audience: 'http://127.0.0.1:8079/mcp' });
    expect(config.database).toEqual({ poolSize: 5 });
    expect(config.queue).toEqual({
      workerConcurrency: 64,
      maxWaiting: 10_000,
      attempts: 3,
      resultTtlMs: 86_400_000,
    });
    const others = [
      'openai',
      'anthropic',
      'gemini',
      'xai',
      'deepseek',
      'groq',
      'mistral',
      'ollama',
      'openrouter',
    ];
    expect(config.providers).toMatchObject({ defaultModel: 'auto', discovery: false, routes: {} });
    expect(config.providers).not.toHaveProperty('file');
    expect(config.providers).not.toHaveProperty('dailyBudgetUsd');
    expect(config.providers.settings).toEqual({
      kimi: { allowedModels: [], timeoutMs: 180_000, maxInflight: 6 },
      glm: { allowedModels: [], timeoutMs: 120_000, maxInflight: 4 },
      ...Object.fromEntries(
        others.map((id) => [id, { allowedModels: [], timeoutMs: 180_000, maxInflight: 8 }]),
      ),
      simulator: {
        baseUrl: 'http://127.0.0.1:8078/v1',
        allowedModels: [],
        timeoutMs: 180_000,
        maxInflight: 256,
      },
    });
    expect(config.limits.maxBodyBytes).toBe(4 * 1024 * 1024);
    expect(config.files.roots).toEqual([directory]);
    expect(config.secrets).toEqual([]);
    expect(config.warnings).toEqual([]);
  });

  it('takes an empty or blank value as not set', () => {
    expect(load({ PORT: '', JWT_SECRET_KEY: '  ', EXAI_UNKNOWN: '' }).server.port).toBe(8079);
  });

  it('is frozen to the bottom', () => {
    const config = load({ EXAI_ALLOWED_HOSTS: 'a.example' });
    expect(Object.isFrozen(config.providers.settings['kimi'])).toBe(true);
    expect(() => (config.server.allowedHosts as string[]).push('evil')).toThrow(TypeError);
  });
});

describe('values', () => {
  it('converts units, lists and names', () => {
    const config = load({
      EXAI_PUBLIC_URL: 'https://AI.example.org/gate/',
      EXAI_ALLOWED_HOSTS: 'Inner.Example., inner.example, ::1 ,10.0.0.7:8079',
      EXAI_ALLOWED_ORIGINS: 'https://App.example:443,vscode-webview://abc',
      DISABLED_TOOLS: 'Chat, , debug',
      KIMI_ALLOWED_MODELS: 'kimi-k2,fast',
      EXAI_SIMULATOR_PORT: '9001',
      EXAI_MAX_CALL_SECS: '60',
      LOG_LEVEL: 'INFO',
      EXAI_DATA_DIR: 'state',
    });
    expect(config.server.publicUrl).toBe('https://AI.example.org/gate');
    expect(config.auth.audience).toBe('https://AI.example.org/gate/mcp');
    expect(config.server.allowedHosts.slice(3)).toEqual(['ai.example.org', 'inner.example', '10.0.0.7']);
    expect(config.server.allowedOrigins).toEqual([
      'https://ai.example.org',
      'http://localhost:8079',
      'http://127.0.0.1:8079',
      'http://[::1]:8079',
      'https://app.example',
      'vscode-webview://abc',
    ]);
    expect(config.tools.disabled).toEqual(['chat', 'debug']);
    expect(config.providers.settings['kimi']?.allowedModels).toEqual(['kimi-k2', 'fast']);
    expect(config.providers.settings['simulator']?.baseUrl).toBe('http://127.0.0.1:9001/v1');
    expect(config.limits.maxCallMs).toBe(60_000);
    expect(config.observability.logLevel).toBe('info');
    expect(config.server.dataDir).toBe(join(directory, 'state'));
  });

  it('takes the language of answers as a tag, and nothing else', () => {
    expect(load({}).tools).not.toHaveProperty('locale');
    expect(load({ EXAI_LOCALE: ' PT-br ' }).tools.locale).toBe('pt-BR');
    for (const EXAI_LOCALE of ['German please', 'de_DE.UTF-8', '1']) {
      expect(errorOf({ EXAI_LOCALE }).message).toContain('EXAI_LOCALE');
    }
  });

  it('lists every fault at once, by name and never by value', () => {
    const error = errorOf({
      PORT: '70000',
      EXAI_RETRY_ATTEMPTS: '0',
      EXAI_MAX_CALL_SECS: '-5',
      REDIS_URL: 'http://hunter2@cache',
      EXAI_ALLOWED_ORIGINS: '*',
      NODE_ENV: 'staging',
    });
    expect(error.faults.map(({ variable }) => variable).sort()).toEqual([
      'EXAI_ALLOWED_ORIGINS',
      'EXAI_MAX_CALL_SECS',
      'EXAI_RETRY_ATTEMPTS',
      'NODE_ENV',
      'PORT',
      'REDIS_URL',
    ]);
    for (const { variable } of error.faults) expect(error.message).toContain(variable);
    for (const value of ['70000', 'hunter2', 'staging']) expect(error.message).not.toContain(value);
  });

  it.each([
    ['https://api.example/v1', true],
    ['http://127.0.0.1:9/v1', true],
    ['http://localhost:9/v1', true],
    ['http://api.example/v1', false],
    ['https://api.example@evil.example/', false],
    ['http://localhost.evil.example/', false],
    ['ftp://api.example', false],
  ])('vendor address %s: accepted %s', (KIMI_BASE_URL, accepted) => {
    if (accepted) expect(load({ KIMI_BASE_URL }).providers.settings['kimi']?.baseUrl).toBe(KIMI_BASE_URL);
    else expect(faultsOf({ KIMI_BASE_URL })).toEqual(['KIMI_BASE_URL']);
  });

  it('either loads or throws a ConfigError, and never repeats a secret, whatever the texts are', () => {
    const names = ALL_SETTINGS.map(({ env }) => env);
    const secrets = ALL_SETTINGS.filter(({ secret }) => secret).map(({ env }) => env);
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), fc.string({ minLength: 12 })), (env) => {
        try {
          load(env);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          for (const name of secrets) {
            const value = env[name]?.trim();
            if (value) expect((error as Error).message).not.toContain(value);
          }
        }
      }),
    );
  });
});

describe('names', () => {
  it.each([
    ['EXAI_PROT', 'PORT'],
    ['EXAI_WORKER_CONCURENCY', 'EXAI_WORKER_CONCURRENCY'],
    ['EXAI_KIMI_API_KEY', 'KIMI_API_KEY'],
  ])('%s is refused and %s is named', (typed, meant) => {
    const [fault] = errorOf({ [typed]: '1' }).faults;
    expect(fault?.variable).toBe(typed);
    expect(fault?.problem).toMatch(new RegExp(`nearest is ${meant}$`));
  });

  it('suggests nothing for a name that resembles none', () => {
    expect(errorOf({ EXAI_QQQQQQQQQQQQ: '1' }).faults[0]?.problem).toBe('no such setting');
  });

  it('refuses switches that would weaken security, whatever their value', () => {
    expect(faultsOf({ JWT_GRACE_PERIOD_DAYS: '14', EXAI_WS_TOKEN: 'x', DISABLE_AUTH: 'false' })).toEqual([
      'JWT_GRACE_PERIOD_DAYS',
      'EXAI_WS_TOKEN',
      'DISABLE_AUTH',
    ]);
  });

  it('leaves names of other programs alone', () => {
    expect(() => load({ PATH: '/bin', KUBERNETES_PORT: 'tcp://x' })).not.toThrow();
  });
});

describe('secrets', () => {
  it.each([
    ['changeme'],
    ['secret'],
    ['your-secret-key-here'],
    ['test-token-12345'],
    ['a'.repeat(32)],
    [SECRET.slice(0, 31)],
    ['ab'.repeat(32)],
    ['change-me-change-me-change-me-0123456789'],
  ])('JWT_SECRET_KEY %s is refused without being shown', (JWT_SECRET_KEY) => {
    const error = errorOf({ JWT_SECRET_KEY });
    expect(error.faults.map(({ variable }) => variable)).toEqual(['JWT_SECRET_KEY']);
    expect(error.faults[0]?.problem).not.toContain(JWT_SECRET_KEY);
  });

  it('accepts random text, also in hexadecimal form with few different characters', () => {
    // 32 different bytes, written with 15 different characters.
    const hex = Array.from({ length: 32 }, (_, index) => (0x20 + index).toString(16).padStart(2, '0'))
      .join('')
      .replaceAll('f', '0');
    expect(load({ JWT_SECRET_KEY: SECRET }).auth.jwtSecret).toBe(SECRET);
    expect(load({ JWT_SECRET_KEY: hex }).auth.jwtSecret).toBe(hex);
  });

  it('counts a placeholder as no provider key and warns', () => {
    const config = load({ KIMI_API_KEY: 'your_kimi_api_key_here', GLM_API_KEY: 'glm-real-0123456789' });
    expect(config.providers.settings['kimi']).not.toHaveProperty('apiKey');
    expect(config.providers.settings['glm']?.apiKey).toBe('glm-real-0123456789');
    expect(config.warnings.join()).toContain('KIMI_API_KEY');
    expect(config.secrets).toEqual(['glm-real-0123456789']);
  });

  it('collects every secret for redaction, passwords of URLs in both spellings', () => {
    const config = load({
      JWT_SECRET_KEY: SECRET,
      DATABASE_URL: 'postgres://exai:p%40ssw0rd-long@db.example/exai',
      EXAI_TOKEN: 'eyJ.token',
    });
    expect(config.secrets).toEqual(
      expect.arrayContaining([
        SECRET,
        'postgres://exai:p%40ssw0rd-long@db.example/exai',
        'p%40ssw0rd-long',
        'p@ssw0rd-long',
        'eyJ.token',
      ]),
    );
  });

  it('refuses one value as signing secret and provider key', () => {
    expect(faultsOf({ JWT_SECRET_KEY: SECRET, GLM_API_KEY: SECRET })).toEqual(['GLM_API_KEY']);
  });

  it('reads <NAME>_FILE, and refuses both ways at once, a missing and an empty file', () => {
    const path = join(directory, 'key');
    writeFileSync(path, `${SECRET}\n`, { mode: 0o600 });
    expect(load({ JWT_SECRET_KEY_FILE: path }).auth.jwtSecret).toBe(SECRET);
    expect(faultsOf({ JWT_SECRET_KEY_FILE: path, JWT_SECRET_KEY: SECRET })).toEqual(['JWT_SECRET_KEY_FILE']);
    expect(faultsOf({ KIMI_API_KEY_FILE: join(directory, 'none') })).toEqual(['KIMI_API_KEY_FILE']);
    writeFileSync(path, '\n');
    expect(faultsOf({ KIMI_API_KEY_FILE: path })).toEqual(['KIMI_API_KEY_FILE']);
  });

  it.skipIf(process.platform === 'win32')(
    'warns about a readable secret file, refuses it in production',
    () => {
      const path = join(directory, 'key');
      writeFileSync(path, SECRET);
      chmodSync(path, 0o644);
      expect(load({ JWT_SECRET_KEY_FILE: path }).warnings.join()).toContain('JWT_SECRET_KEY_FILE');
      expect(faultsOf({ ...PRODUCTION, JWT_SECRET_KEY: undefined, JWT_SECRET_KEY_FILE: path })).toEqual([
        'JWT_SECRET_KEY_FILE',
      ]);
    },
  );
});

const PRODUCTION = {
  NODE_ENV: 'production',
  JWT_SECRET_KEY: SECRET,
  EXAI_SERVER_SECRET: SECRET,
  DATABASE_URL: 'postgres://exai:password@db/exai',
  KIMI_API_KEY: 'sk-kimi-0123456789',
};

const EXPOSED = {
  HOST: '0.0.0.0',
  JWT_SECRET_KEY: SECRET,
  EXAI_SERVER_SECRET: SECRET,
  EXAI_PUBLIC_URL: 'https://ai.example.org',
  EXAI_JWT_AUDIENCE: 'https://ai.example.org/mcp',
};

describe('production', () => {
  it('starts with the four things it needs, without simulator', () => {
    expect(load(PRODUCTION).providers.simulator).toBe('off');
  });

  it('names all that is missing, in one go', () => {
    expect(faultsOf({ NODE_ENV: 'production' })).toEqual([
      'JWT_SECRET_KEY',
      'EXAI_SERVER_SECRET',
      'DATABASE_URL',
      'KIMI_API_KEY or GLM_API_KEY',
    ]);
  });

  it('takes a placeholder for no provider key', () => {
    expect(faultsOf({ ...PRODUCTION, KIMI_API_KEY: 'changeme' })).toEqual(['KIMI_API_KEY or GLM_API_KEY']);
  });

  it('refuses the simulator and switched-off authentication', () => {
    expect(faultsOf({ ...PRODUCTION, EXAI_SIMULATOR: 'on' })).toEqual(['EXAI_SIMULATOR']);
    expect(faultsOf({ ...PRODUCTION, EXAI_AUTH: 'off' })).toEqual(['EXAI_AUTH']);
  });

  it('refuses Redis on the network without a password, which is a warning elsewhere', () => {
    expect(faultsOf({ ...PRODUCTION, REDIS_URL: 'redis://cache:6379' })).toEqual(['REDIS_URL']);
    expect(load({ ...PRODUCTION, REDIS_URL: 'redis://:longpassword@cache:6379' }).warnings).toEqual([]);
    expect(load({ REDIS_URL: 'redis://cache:6379' }).warnings.join()).toContain('REDIS_URL');
    expect(load({ REDIS_URL: 'redis://127.0.0.1:6379' }).warnings).toEqual([]);
  });

  it('asks nothing of programs that serve nobody', () => {
    expect(load({ NODE_ENV: 'production' }, { serving: false }).client).toEqual({ files: 'auto' });
    expect(faultsOf({ NODE_ENV: 'production', PORT: 'x' }, { serving: false })).toEqual(['PORT']);
  });
});

describe('exposure', () => {
  it.each(['0.0.0.0', '::', '192.168.1.5', 'gateway.example'])(
    'HOST=%s needs secrets, URL and audience',
    (HOST) => {
      expect(faultsOf({ HOST })).toEqual([
        'JWT_SECRET_KEY',
        'EXAI_SERVER_SECRET',
        'EXAI_PUBLIC_URL',
        'EXAI_JWT_AUDIENCE',
      ]);
      const config = load({ ...EXPOSED, HOST });
      expect(config.server.allowedHosts).toContain('ai.example.org');
      expect(config.files.roots).toEqual([]);
    },
  );

  it.each(['localhost', '127.0.0.1', '127.8.8.8', '::1'])('HOST=%s needs nothing', (HOST) => {
    expect(load({ HOST, EXAI_AUTH: 'off' }).auth.enabled).toBe(false);
  });

  it('writes an IPv6 host in brackets', () => {
    expect(load({ HOST: '::1' }).server.publicUrl).toBe('http://[::1]:8079');
  });

  it('refuses switched-off authentication', () => {
    expect(faultsOf({ ...EXPOSED, EXAI_AUTH: 'off' })).toEqual(['EXAI_AUTH']);
  });
});

describe('the file of agent programs', () => {
  it('is found from the start directory, and absent unless it is set', () => {
    expect(load({}).tools).not.toHaveProperty('clinkFile');
    expect(load({ EXAI_CLINK_FILE: 'clink.json' }).tools.clinkFile).toBe(join(directory, 'clink.json'));
  });

  it('is refused where others can reach the server', () => {
    const exposed = { HOST: '0.0.0.0', EXAI_CLINK_FILE: '/srv/clink.json' };
    expect(faultsOf(exposed)).toContain('EXAI_CLINK_FILE');
    expect(faultsOf({ HOST: '0.0.0.0' })).not.toContain('EXAI_CLINK_FILE');
  });
});

describe('the download directory', () => {
  it('lies in the data directory unless it is set, then relative to the start directory', () => {
    expect(load({ EXAI_DATA_DIR: '/srv/data' }).files.downloadDir).toBe('/srv/data/downloads');
    expect(load({ EXAI_DOWNLOAD_DIR: '/srv/a/../b/' }).files.downloadDir).toBe('/srv/b');
    expect(load({ EXAI_DOWNLOAD_DIR: 'fetched' }).files.downloadDir).toBe(join(directory, 'fetched'));
  });

  it.each(['/', '/srv/..', '/home/me'])('refuses %s', (value) => {
    expect(faultsOf({ HOME: '/home/me', EXAI_DOWNLOAD_DIR: value })).toEqual(['EXAI_DOWNLOAD_DIR']);
  });
});

describe('file roots', () => {
  it('takes absolute directories, cleaned', () => {
    expect(load({ EXAI_FILE_ROOTS: '/srv/a/../b/ , /srv/c' }).files.roots).toEqual(['/srv/b', '/srv/c']);
  });

  it.each(['/', '//', '/srv/..', 'relative/path', '~/project', '/home/me', '/home/me/'])(
    'refuses %s',
    (root) => {
      expect(faultsOf({ HOME: '/home/me', EXAI_FILE_ROOTS: `/srv/a,${root}` })).toEqual(['EXAI_FILE_ROOTS']);
    },
  );

  it('follows a link to the home directory', () => {
    const link = join(directory, 'project');
    symlinkSync(tmpdir(), link);
    expect(faultsOf({ HOME: tmpdir(), EXAI_FILE_ROOTS: link })).toEqual(['EXAI_FILE_ROOTS']);
  });

  it('opens nothing by itself when started in the home directory', () => {
    const config = load({ HOME: directory });
    expect(config.files.roots).toEqual([]);
    expect(config.warnings.join()).toContain('EXAI_FILE_ROOTS');
  });
});
