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
} from './model-card.js';
export {
  type ChatMessage,
  type Completion,
  type CompletionRequest,
  type CompletionUsage,
  ModelClient,
} from './model-client.js';
export {
  ModelRouter,
  type ModelWish,
  type RouteDecision,
  type RouteFailure,
  type RouteReason,
} from './model-router.js';
export { type ModelFilter, ProviderRegistry } from './provider-registry.js';
export { type ProviderState, type ProviderStatus } from './provider-status.js';
export { ProvidersModule } from './providers.module.js';
