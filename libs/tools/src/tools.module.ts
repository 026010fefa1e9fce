import { Logger, Module } from '@nestjs/common';
import { CONFIG, type Config } from '#libs/config';
import { ConversationsModule } from '#libs/conversations';
import { ProvidersModule } from '#libs/providers';
import { StoredFilesModule } from '#libs/stored-files';
import { AgentClis } from './clink/agent-clis.js';
import { ProgramEngine } from './clink/program-engine.js';
import { ConsensusEngine } from './consensus/consensus-engine.js';
import { ConsensusMember } from './consensus/consensus-member.js';
import { Panels } from './consensus/panel.js';
import { type ToolDefinition } from './define.js';
import { TOOLS } from './definitions/index.js';
import { DirectEngine } from './direct/direct-engine.js';
import { DOCUMENT_SERVICES } from './documents/document-services.js';
import { ADDED_TOOLS } from './extension.js';
import { FileReader } from '#libs/file-access';
import { ModelQuestion } from './asking/model-question.js';
import { ModelRequest } from './asking/model-request.js';
import { GitReader } from './programs/git-changes.js';
import { ProviderPlaces } from './asking/provider-places.js';
import { SimpleEngine } from './simple/simple-engine.js';
import { ToolCatalog } from './tool-catalog.js';
import { ToolRunner } from './tool-runner.js';
import { VendorDesk } from './direct/vendor-desk.js';
import { WorkflowEngine } from './workflow/workflow-engine.js';
import { WorkflowExpert } from './workflow/workflow-expert.js';

/** Needs `CONFIG` from a global module. A faulty definition or selection rejects, so Nest's bootstrap fails. */
@Module({
  providers: [
    {
      provide: AgentClis,
      inject: [CONFIG],
      useFactory: (config: Config) => AgentClis.load(config.tools.clinkFile),
    },
    {
      provide: ToolCatalog,
      inject: [CONFIG, AgentClis, { token: ADDED_TOOLS, optional: true }],
      useFactory: async (config: Config, clis: AgentClis, added: readonly ToolDefinition[] = []) =>
        Promise.resolve(ToolCatalog.build([...TOOLS, ...clis.tools(), ...added], config)),
    },
  ],
  exports: [ToolCatalog, AgentClis],
})
export class ToolCatalogModule {}

/** The worker's half: what runs tools. */
@Module({
  imports: [ToolCatalogModule, ProvidersModule, ConversationsModule, StoredFilesModule],
  providers: [
    {
      provide: FileReader,
      inject: [CONFIG],
      useFactory(config: Config) {
        const logger = new Logger(FileReader.name);
        return new FileReader(config, { onRefused: (message) => logger.warn(message) });
      },
    },
    ModelRequest,
    ModelQuestion,
    SimpleEngine,
    DirectEngine,
    VendorDesk,
    ...DOCUMENT_SERVICES,
    GitReader,
    ProgramEngine,
    WorkflowExpert,
    WorkflowEngine,
    Panels,
    ConsensusMember,
    ConsensusEngine,
    ToolRunner,
    ProviderPlaces,
  ],
  exports: [ToolRunner, ProviderPlaces],
})
export class ToolEnginesModule {}
