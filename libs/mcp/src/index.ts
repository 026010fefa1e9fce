export { type Extension } from './extension.js';
export { McpHttpEndpoint } from './http/http-endpoint.js';
export { McpModule } from './mcp.module.js';
export {
  type MessagesPrompt,
  type PromptArgument,
  type PromptArguments,
  type PromptDefinition,
  type TextPrompt,
} from './prompts/prompt.js';
export {
  type FixedResource,
  type ResourceContent,
  type ResourceDefinition,
  type ResourcePolicy,
  type ResourceTemplate,
} from './resources/resource.js';
export { McpWebSocketEndpoint } from './websocket/websocket-endpoint.js';
export { CLOSE } from './websocket/websocket-closing.js';
export { HEARTBEAT, WEBSOCKET_LIMITS } from './websocket/websocket-limits.js';
