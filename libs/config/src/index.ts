export { closestNames } from './closest-names.js';
export { CONFIG, ConfigModule } from './config.module.js';
export { ConfigError, type ConfigFault } from './config-error.js';
export {
  type AuthConfig,
  type ClientConfig,
  type Config,
  type ConversationsConfig,
  type DatabaseConfig,
  type Environment,
  type FilesConfig,
  type LimitsConfig,
  type LogFormat,
  type LogLevel,
  type ObservabilityConfig,
  type ProviderSettings,
  type ProvidersConfig,
  type QueueConfig,
  type ServerConfig,
  type SimulatorMode,
  type ToolProfile,
  type ToolsConfig,
} from './config.js';
export { describeSettings, type SettingDescription } from './describe.js';
export { type EnvironmentVariables, readEnvironment } from './environment.js';
export { loadConfig, type LoadOptions } from './load.js';
export { PRODUCT, type Product } from './product.js';
export { programEnvironment } from './program-environment.js';
export { type ProviderReading, readProvidersAgain } from './provider-reading.js';
export { ROUTING_CATEGORIES, type RoutingCategory } from './routing-categories.js';
export { SERVER_INTRODUCTION, TASKS_EXTENSION } from './server-introduction.js';
export { openSecret, readLocalToken, writeLocalToken } from './secret-files.js';
export { isPlaceholder } from './refused-values.js';
