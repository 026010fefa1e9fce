import { DIALECTS } from '../../faults/fault-matrix.js';
import { runFaultMatrix, type MatrixReport } from '../../faults/matrix-run.js';
import { type Backend } from '../../harness/redis.js';
import { printTable } from '../report.js';
import { figure } from '../stats.js';
import { type Verdict } from './stage.js';

/** Every fault a vendor may show, in both dialects, streamed and whole, with the code it must come to. */
export async function showFaultMatrix(backend: Backend): Promise<Verdict[]> {
  const report = await runFaultMatrix(backend);
  print(report, backend.name);
  const { outcomes, internalErrors, socketsLeft, strayRequests, growthMiB } = report;
  const good = outcomes.filter(({ passed }) => passed).length;
  const clean = internalErrors === 0 && socketsLeft === 0 && strayRequests === 0 && growthMiB <= 64;
  return [
    {
      passed: good === outcomes.length && clean,
      seen:
        `${good}/${outcomes.length} faults as expected, ${internalErrors} INTERNAL, ${socketsLeft} sockets left after 5 s, ` +
        `${strayRequests} requests to refused servers, one answer without bound raised the memory by ${figure(growthMiB)} MiB at most`,
    },
  ];
}

function print({ outcomes }: MatrixReport, backend: string): void {
  const behaviours = [...new Set(outcomes.map(({ behaviour }) => behaviour))];
  const columns = DIALECTS.flatMap((dialect) =>
    [true, false].map((streamed) => ({
      dialect,
      streamed,
      title: `${dialect} ${streamed ? 'stream' : 'whole'}`,
    })),
  );
  const rows = behaviours.map((behaviour) => {
    const own = outcomes.filter((outcome) => outcome.behaviour === behaviour);
    const cells = columns.map(({ dialect, streamed }) => {
      const found = own.find((outcome) => outcome.dialect === dialect && outcome.streamed === streamed);
      if (!found) return '-';
      const text = `${found.requestsSeen} req, ${figure(found.seconds)} s`;
      return found.passed ? text : `${found.seen}! ${text}`;
    });
    return [behaviour, own[0]?.expected ?? '', ...cells];
  });
  printTable(`Provider faults, queue on ${backend}`, [
    ['behaviour', 'expected', ...columns.map(({ title }) => title)],
    ...rows,
  ]);
}
