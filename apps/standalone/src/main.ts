import 'reflect-metadata';
import { readEnvironment } from '#libs/config';
import { runServerProcess } from '#libs/health';
import { startStandalone } from './standalone.js';

const environment = readEnvironment();
await runServerProcess(
  'gateway',
  (config, logger) => startStandalone(config, logger, { environment }),
  environment,
);
