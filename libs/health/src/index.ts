export { runServerProcess, type RunningServer, type StartServer } from './server-process.js';
export { type HealthProbe } from './health-probe.js';
export { HealthController } from './health.controller.js';
export { HealthModule } from './health.module.js';
