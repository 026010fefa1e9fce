import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConfigModule, loadConfig } from '#libs/config';
import { describe, expect, it } from 'vitest';
import { ModelRouter } from './model-router.js';
import { ProviderRegistry } from './provider-registry.js';
import { ProvidersModule } from './providers.module.js';

function appWith(env: Record<string, string>): new () => object {
  @Module({ imports: [ConfigModule.forRoot(loadConfig(env)), ProvidersModule] })
  class TestModule {}
  return TestModule;
}

const QUIET = { logger: false, abortOnError: false } as const;

describe('ProvidersModule', () => {
  it('has every provider and model once the application exists', async () => {
    const app = await NestFactory.createApplicationContext(appWith({}), QUIET);
    expect(app.get(ProviderRegistry).summary()).toBe('1 of 3 providers ready, 33 models');
    const wish = { model: 'auto', category: 'BALANCED', requires: {}, failures: [] } as const;
    expect(app.get(ModelRouter).choose(wish, 1).card.id).toBe('simulator-1');
    await app.close();
  });

  it('stops the start with a sentence when a setting leaves no model', async () => {
    const start = NestFactory.createApplicationContext(appWith({ KIMI_ALLOWED_MODELS: 'nothing' }), QUIET);
    await expect(start).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
