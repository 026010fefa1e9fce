export { type ProviderEntry, defineProvider } from './define.js';
export { PROVIDERS } from './descriptors/index.js';
export {
  type ModelCard,
  modelCardSchema,
  type ModelTier,
  rankOf,
  ROUTING_CATEGORIES,
  type RoutingCategory,
  tierOf,
} from './catalogue/model-card.js';
export { costOf, estimateCost } from './cost.js';
export {
  type ChatMessage,
  type Completion,
  type CompletionDelta,
  type CompletionRequest,
  type CompletionUsage,
  type FunctionTool,
  type ImagePart,
  ModelClient,
  type PayloadPreview,
  type TextPart,
  type ThinkingMode,
  type ToolChoice,
  type WebSource,
} from './model-client.js';
export { ModelProvider } from './model-provider.js';
export { type FileUpload, type ProviderFiles, type RemoteFile } from './provider-files.js';
export { ProviderBusy } from './resilience/provider-busy.js';
export {
  type CircuitState,
  type CircuitView,
  type ProviderHealthReport,
  Resilience,
} from './resilience/resilience.js';
export { estimateTokens, isCode } from './token-estimate.js';
export {
  ModelRouter,
  type ModelWish,
  type RouteDecision,
  type RouteFailure,
  type RouteReason,
  type RouteTrace,
} from './routing/model-router.js';
export { type ModelFilter, ProviderRegistry } from './provider-registry.js';
export { type ProviderState, type ProviderStatus } from './provider-status.js';
export { ProvidersModule } from './providers.module.js';
