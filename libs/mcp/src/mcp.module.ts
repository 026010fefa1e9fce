import { type DynamicModule, type ModuleMetadata } from '@nestjs/common';
import { type Implementation } from '@modelcontextprotocol/server';
import { Completions } from './completions.js';
import { McpHttpEndpoint } from './http-endpoint.js';
import { LegacyHttpSessions } from './legacy-http-sessions.js';
import { McpServerFactory, SERVER_INFO } from './mcp-server-factory.js';
import { PromptCatalog } from './prompts/prompt-catalog.js';
import { RequestBoundary } from './request-boundary.js';
import { ResourceCatalog } from './resources/resource-catalog.js';
import { ToolCallHandler } from './tool-call-handler.js';
import { McpWebSocketEndpoint } from './websocket-endpoint.js';

/** The protocol layer: server factory, tools, prompts, resources, completion, and one endpoint per transport. */
export class McpModule {
  /** @param imports modules that provide the dispatcher, the tool catalogue and `SystemView` */
  static forRoot(info: Implementation, imports: NonNullable<ModuleMetadata['imports']>): DynamicModule {
    return {
      module: McpModule,
      imports,
      providers: [
        { provide: SERVER_INFO, useValue: info },
        RequestBoundary,
        ToolCallHandler,
        PromptCatalog,
        ResourceCatalog,
        Completions,
        McpServerFactory,
        LegacyHttpSessions,
        McpHttpEndpoint,
        McpWebSocketEndpoint,
      ],
      exports: [McpHttpEndpoint, McpWebSocketEndpoint],
    };
  }
}
