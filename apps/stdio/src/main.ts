import { readEnvironment } from '#libs/config';
import { runStdio } from './stdio.js';

await runStdio({ environment: readEnvironment(), start: true });
process.exit(0);
