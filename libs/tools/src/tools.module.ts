import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '#libs/config';
import { ConversationsModule } from '#libs/conversations';
import { ProvidersModule } from '#libs/providers';
import { TOOLS } from './definitions/index.js';
import { FileReader } from './files.js';
import { ModelRequest } from './model-request.js';
import { SimpleEngine } from './simple-engine.js';
import { ToolCatalog } from './tool-catalog.js';
import { ToolRunner } from './tool-runner.js';

/** Needs `CONFIG` from a global module. A faulty definition or selection rejects, so Nest's bootstrap fails. */
@Module({
  providers: [
    {
      provide: ToolCatalog,
      inject: [CONFIG],
      useFactory: async (config: Config) => Promise.resolve(ToolCatalog.build(TOOLS, config)),
    },
  ],
  exports: [ToolCatalog],
})
export class ToolCatalogModule {}

/** The worker's half: what runs tools. */
@Module({
  imports: [ToolCatalogModule, ProvidersModule, ConversationsModule],
  providers: [FileReader, ModelRequest, SimpleEngine, ToolRunner],
  exports: [ToolRunner],
})
export class ToolEnginesModule {}
