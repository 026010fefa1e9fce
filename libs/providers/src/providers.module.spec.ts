import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConfigModule, loadConfig } from '#libs/config';
import { createLogger, ObservabilityModule } from '#libs/observability';
import { register } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { ModelRouter } from './routing/model-router.js';
import { ProviderRegistry } from './provider-registry.js';
import { ProvidersModule } from './providers.module.js';

async function appWith(env: Record<string, string>): Promise<new () => object> {
  const config = loadConfig({ ...env, LOG_LEVEL: 'fatal' });
  const observability = ObservabilityModule.forRoot(await createLogger(config, 'test'));
  @Module({ imports: [ConfigModule.forRoot(config), observability, ProvidersModule] })
  class TestModule {}
  return TestModule;
}

// Metrics live in a registry of the process, which has room for one application.
afterEach(() => register.clear());

const QUIET = { logger: false, abortOnError: false } as const;

describe('ProvidersModule', () => {
  it('has every provider and model once the application exists', async () => {
    const app = await NestFactory.createApplicationContext(await appWith({}), QUIET);
    expect(app.get(ProviderRegistry).summary()).toBe('1 of 3 providers ready, 33 models');
    const wish = { model: 'auto', category: 'BALANCED', requires: {}, failures: [] } as const;
    expect(app.get(ModelRouter).choose(wish, 1).card.id).toBe('simulator-1');
    await app.close();
  });

  it('stops the start with a sentence when a setting leaves no model', async () => {
    const start = NestFactory.createApplicationContext(
      await appWith({ KIMI_ALLOWED_MODELS: 'nothing' }),
      QUIET,
    );
    await expect(start).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
