import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '#libs/config';
import { ConversationsModule } from '#libs/conversations';
import { ProvidersModule } from '#libs/providers';
import { TOOLS } from './definitions/index.js';
import { FileReader } from './files.js';
import { ModelQuestion } from './model-question.js';
import { ModelRequest } from './model-request.js';
import { ProviderPlaces } from './provider-places.js';
import { SimpleEngine } from './simple-engine.js';
import { ToolCatalog } from './tool-catalog.js';
import { ToolRunner } from './tool-runner.js';
import { WorkflowEngine } from './workflow/workflow-engine.js';
import { WorkflowExpert } from './workflow/workflow-expert.js';

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
  providers: [
    FileReader,
    ModelRequest,
    ModelQuestion,
    SimpleEngine,
    WorkflowExpert,
    WorkflowEngine,
    ToolRunner,
    ProviderPlaces,
  ],
  exports: [ToolRunner, ProviderPlaces],
})
export class ToolEnginesModule {}
