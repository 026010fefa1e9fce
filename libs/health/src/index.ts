export { runServerProcess, type RunningServer, type StartServer } from './server-process.js';
export { type HealthProbe } from './health-probe.js';
export { HealthController } from './health.controller.js';
export { HealthModule } from './health.module.js';
export { type MergedHealth, type ModelHealth } from './provider-health/merged-health.js';
export { ProviderHealthModule } from './provider-health/provider-health.module.js';
export { ProviderHealthPublisher } from './provider-health/provider-health-publisher.js';
export { ProviderHealthStore } from './provider-health/provider-health-store.js';
