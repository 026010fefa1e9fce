import { loadConfig, readEnvironment } from '#libs/config';
import { startSimulator } from './server.js';

const config = loadConfig(readEnvironment());
const simulator = await startSimulator({
  host: config.server.host,
  port: config.providers.simulatorPort,
  // Standard output is the request log, one JSON line each; other words go to standard error.
  requestLog: (entry) => process.stdout.write(`${JSON.stringify(entry)}\n`),
});
process.stderr.write(`Simulator listening on ${simulator.baseUrl}\n`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void simulator.close());
}
