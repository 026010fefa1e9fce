import { type DynamicModule, type ModuleMetadata } from '@nestjs/common';
import { ChangeFeed } from './changes/change-feed.js';
import { CompletionRequests } from './completion/completion-requests.js';
import { Completions } from './completion/completions.js';
import { ADDED_PROMPTS, ADDED_RESOURCES, type Extension } from './extension.js';
import { McpHttpEndpoint } from './http/http-endpoint.js';
import { LegacyHttpSessions } from './http/legacy-http-sessions.js';
import { McpServerFactory } from './mcp-server-factory.js';
import { ParamHeaders } from './http/param-headers.js';
import { PromptCatalog } from './prompts/prompt-catalog.js';
import { PromptRequests } from './prompts/prompt-requests.js';
import { RequestBoundary } from './request-boundary.js';
import { RequestStates } from './request-state.js';
import { ResourceCatalog } from './resources/resource-catalog.js';
import { ResourceRequests } from './resources/resource-requests.js';
import { TaskDesk } from './tasks/task-desk.js';
import { TaskRequests } from './tasks/task-requests.js';
import { ToolCallHandler } from './calls/tool-call-handler.js';
import { ToolRequests } from './calls/tool-requests.js';
import { McpWebSocketEndpoint } from './websocket/websocket-endpoint.js';

/** The protocol layer: server factory, tools, prompts, resources, completion, and one endpoint per transport. */
export class McpModule {
  /** @param imports modules that provide the dispatcher, the tool catalogue and `SystemView` */
  static forRoot(
    imports: NonNullable<ModuleMetadata['imports']>,
    { prompts = [], resources = [] }: Extension = {},
  ): DynamicModule {
    return {
      module: McpModule,
      imports,
      providers: [
        { provide: ADDED_PROMPTS, useValue: prompts },
        { provide: ADDED_RESOURCES, useValue: resources },
        RequestBoundary,
        RequestStates,
        ChangeFeed,
        ToolCallHandler,
        ToolRequests,
        PromptCatalog,
        PromptRequests,
        ResourceCatalog,
        ResourceRequests,
        Completions,
        CompletionRequests,
        TaskDesk,
        TaskRequests,
        McpServerFactory,
        LegacyHttpSessions,
        ParamHeaders,
        McpHttpEndpoint,
        McpWebSocketEndpoint,
      ],
      exports: [McpHttpEndpoint, McpWebSocketEndpoint],
    };
  }
}
