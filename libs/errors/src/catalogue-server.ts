// What this program stands on: database, queue, port, settings, itself.
import { type CatalogueRow } from './entry.js';
import { EXIT_CODES } from './exit-codes.js';
import { inTime, issuesOf, listed, named, sentence } from './wording.js';

const dependency = {
  category: 'dependency',
  severity: 'warning',
  escalation: 'critical after 60 s',
  http: 503,
} as const;
const configuration = { category: 'configuration', retry: 'never', jsonrpc: 'none' } as const;
const internal = { category: 'internal', retry: 'never', severity: 'critical', http: 500 } as const;

/** Characters: enough for every setting to be wrong at once. */
const ALL_FAULTS = 20_000;

export const serverRows = {
  STORE_UNAVAILABLE: {
    ...dependency,
    retry: 'queue',
    jsonrpc: -31030,
    toolErrorToo: true,
    exit: EXIT_CODES.unreachable,
    message: () => 'The database cannot be written at the moment, so no call is accepted.',
    hint: (details) => `Call again ${inTime(details)}; accepted calls are kept.`,
  },
  QUEUE_UNAVAILABLE: {
    ...dependency,
    retry: 'caller',
    jsonrpc: -31031,
    exit: EXIT_CODES.unreachable,
    message: (details) => sentence('The queue did not carry out the operation', details),
    hint: (details) => `Repeat the operation ${inTime(details)}; accepted calls are kept and run later.`,
  },
  QUEUE_UNSAFE_EVICTION: {
    ...configuration,
    severity: 'critical',
    http: 503,
    exit: EXIT_CODES.configuration,
    message: (details) =>
      sentence('Redis is set up to delete data when memory is short, queued jobs included', details),
    hint: () => 'Set `maxmemory-policy noeviction` in Redis, then start again.',
  },
  CONFIG_INVALID: {
    ...configuration,
    severity: 'info',
    http: 500,
    exit: EXIT_CODES.configuration,
    message: (details) => {
      const reason = details.reason ?? issuesOf(details, (variable, problem) => `${variable} (${problem})`);
      return sentence(
        `The configuration is not valid${listed('in', details['variable']).replace(/\.$/, '')}`,
        { reason },
        ALL_FAULTS,
      );
    },
    hint: (details) =>
      `Correct every listed setting, then start again; docs/configuration.md lists them.${listed('Closest names:', details.suggestions)}`,
  },
  LISTEN_FAILED: {
    ...configuration,
    severity: 'info',
    http: 500,
    exit: EXIT_CODES.unreachable,
    message: (details) => {
      const { port, holder } = details;
      const what = typeof port === 'number' ? `Port ${port} cannot be opened` : 'The port cannot be opened';
      return sentence(typeof holder === 'string' ? `${what}: ${holder} holds it` : what, details);
    },
    hint: (details) =>
      `Stop the program that holds the port, or set ${named(details, 'variable', '`PORT`')} to a free one.`,
  },
  WORKER_CRASH_LIMIT: {
    ...internal,
    jsonrpc: 'tool',
    message: () => 'The call stopped its worker too often and was given up.',
    hint: () => 'Do not repeat it, repeating will not help; report the correlation id.',
  },
  INTERNAL: {
    ...internal,
    jsonrpc: -32603,
    toolErrorToo: true,
    message: () => 'The call failed because of a fault inside the gateway.',
    hint: () => 'Report the correlation id: the log has the cause under it.',
  },
} satisfies Record<string, CatalogueRow>;
