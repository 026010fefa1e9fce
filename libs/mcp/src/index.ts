export { McpHttpEndpoint } from './http-endpoint.js';
export { McpModule } from './mcp.module.js';
export { McpWebSocketEndpoint } from './websocket-endpoint.js';
