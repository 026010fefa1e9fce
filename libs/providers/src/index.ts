export { type ProviderEntry, defineProvider } from './define.js';
export { readStructuredFile } from './catalogue/structured-file.js';
export { Catalogue } from './catalogue/catalogue.js';
export { modelsFileSchema, providersFileSchema } from './catalogue/providers-file.schema.js';
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
export { type FileUpload, type ProviderFiles, type RemoteFile, type TakePiece } from './provider-files.js';
export {
  type FoundPage,
  SEARCH_RECENCIES,
  SEARCH_TARGET,
  type SearchAnswer,
  type SearchApi,
  type SearchQuery,
} from './search-api.js';
export { ProviderBusy } from './resilience/provider-busy.js';
export { type CircuitState, type CircuitView } from './resilience/circuit.js';
export { type ProviderHealthReport } from './resilience/provider-health.js';
export { type CircuitChange, Resilience } from './resilience/resilience.js';
export { type KeptPlace } from './resilience/slots.js';
export { estimateTokens, isCode } from './token-estimate.js';
export { ModelRouter } from './routing/model-router.js';
export { type RouteFailure } from './routing/pick-candidate.js';
export {
  type ModelWish,
  type Rejection,
  type RouteDecision,
  type RouteReason,
  type RouteTrace,
} from './routing/route-decision.js';
export { type ModelFilter, ProviderRegistry } from './provider-registry.js';
export { type ProviderState, type ProviderStatus } from './provider-status.js';
export { ProvidersModule } from './providers.module.js';
