import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';
import { LongestFirst } from './test/harness/longest-first.js';

const root = fileURLToPath(new URL('.', import.meta.url));
const resolve = { alias: [{ find: /^#libs\/(.*)$/, replacement: `${root}libs/$1/src/index.ts` }] };
/** These replace a module of Node's, which must reach no other file. */
const OWN_PROCESS = ['apps/stdio/src/gateway-starter.spec.ts'];
const limits = { testTimeout: 30_000, hookTimeout: 60_000 };

export default defineConfig({
  resolve,
  test: {
    globalSetup: ['test/harness/build.ts'],
    // Most suites wait for processes and deadlines; with more than this at once they starve each other on two cores.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        resolve,
        test: {
          name: 'system',
          include: ['test/**/*.spec.ts', 'test/**/*.e2e-spec.ts'],
          globalSetup: ['test/harness/run-database.ts'],
          ...limits,
        },
      },
      {
        resolve,
        test: {
          name: 'unit',
          include: ['libs/**/*.spec.ts', 'apps/**/*.spec.ts'],
          exclude: [...configDefaults.exclude, ...OWN_PROCESS],
          // To load the libraries again for each file takes longer than most of these files' tests.
          isolate: false,
          setupFiles: ['test/harness/fresh-process.ts'],
          ...limits,
        },
      },
      { resolve, test: { name: 'unit alone', include: OWN_PROCESS, ...limits } },
    ],
  },
});
