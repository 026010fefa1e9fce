import { parseArgs } from 'node:util';

export interface BenchSettings {
  readonly parts: string;
  readonly rounds: number;
  readonly warmUpMs: number;
  /** Once per server before anything is measured, with many callers: a fresh process runs unoptimised code. */
  readonly codeWarmUpMs: number;
  readonly measureMs: number;
  /** Measured time with 500 callers, of which each call may take seconds. */
  readonly crowdMs: number;
  /** Calls after an idle second, per backend. */
  readonly idleCalls: number;
  readonly jsonFile: string | undefined;
}

const USAGE = `npm run bench -- [--quick] [--only a,b,c,d] [--idle <calls>] [--json <file>]
  a  inline tool over each transport     b  queued tool on each backend     c  wake-up after an idle second
  d  provider layer over a bare fetch`;

export function readSettings(): BenchSettings {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: 'a,b,c,d' },
      idle: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const length = values.quick
    ? { rounds: 1, codeWarmUpMs: 2_000, warmUpMs: 300, measureMs: 700, crowdMs: 2_000, idleCalls: 5 }
    : { rounds: 3, codeWarmUpMs: 5_000, warmUpMs: 500, measureMs: 1_500, crowdMs: 4_000, idleCalls: 20 };
  const idleCalls = values.idle === undefined ? length.idleCalls : Number(values.idle);
  return { ...length, idleCalls, parts: values.only, jsonFile: values.json };
}
