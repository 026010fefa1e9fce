import { type DynamicModule, type ModuleMetadata } from '@nestjs/common';
import { type Implementation } from '@modelcontextprotocol/server';
import { McpHttpEndpoint } from './http-endpoint.js';
import { LegacyHttpSessions } from './legacy-http-sessions.js';
import { McpServerFactory, SERVER_INFO } from './mcp-server-factory.js';
import { ToolCallHandler } from './tool-call-handler.js';
import { McpWebSocketEndpoint } from './websocket-endpoint.js';

/** The protocol layer: server factory, `tools/call`, and one endpoint per transport. */
export class McpModule {
  static forRoot(info: Implementation, imports: NonNullable<ModuleMetadata['imports']>): DynamicModule {
    return {
      module: McpModule,
      imports,
      providers: [
        { provide: SERVER_INFO, useValue: info },
        ToolCallHandler,
        McpServerFactory,
        LegacyHttpSessions,
        McpHttpEndpoint,
        McpWebSocketEndpoint,
      ],
      exports: [McpHttpEndpoint, McpWebSocketEndpoint],
    };
  }
}
