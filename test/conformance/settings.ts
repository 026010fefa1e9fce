import { parseArgs } from 'node:util';
import { SUITES } from './suite/suites.js';
import { TRANSPORTS, type Transport } from './suite/transports.js';

export interface ConformanceSettings {
  readonly suites: readonly string[];
  readonly transports: readonly Transport[];
  readonly verbose: boolean;
  /** Everything was asked for, so the result may be kept as the document. */
  readonly complete: boolean;
}

const USAGE = `npm run conformance -- [--only <suite>,…] [--transport <transport>,…] [--verbose]
Runs the official MCP conformance suites against this server and writes docs/conformance.md.
  --only       of ${SUITES.map(({ id }) => id).join(', ')}; nothing is written then
  --transport  of ${Object.keys(TRANSPORTS).join(', ')}; nothing is written then
  --verbose    everything that the suites and, at the end, the server write
Ends with 1 when a check fails, also one that the suites do not score.`;

const transports = Object.keys(TRANSPORTS) as Transport[];
const suites = SUITES.map(({ id }) => id);

/** Out of the command line; ends the program for `--help` and for a name that does not exist. */
export function readSettings(): ConformanceSettings {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      transport: { type: 'string' },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  return {
    suites: chosen(values.only, suites),
    transports: chosen(values.transport, transports),
    verbose: values.verbose,
    complete: values.only === undefined && values.transport === undefined,
  };
}

function chosen<Name extends string>(list: string | undefined, known: readonly Name[]): readonly Name[] {
  if (list === undefined) return known;
  const names = list.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !known.includes(name as Name));
  if (unknown === undefined) return known.filter((name) => names.includes(name));
  console.error(`"${unknown}" is none of ${known.join(', ')}.\n\n${USAGE}`);
  process.exit(64);
}
