import { runToolFailures, TOOL_FAULTS, type ToolFailureReport } from '../../faults/tool-failures.js';
import { type Backend } from '../../harness/redis.js';
import { printTable } from '../report.js';
import { figure } from '../stats.js';
import { type Verdict } from './stage.js';

/** Every tool of profile `standard` called, and every tool met by every fault in the third of five calls. */
export async function showToolFailures(backend: Backend): Promise<Verdict[]> {
  const report = await runToolFailures(backend);
  print(report, backend.name);
  const { times, cells } = report;
  const answered = times.filter(({ status }) => !/^[A-Z_]+$/.test(status));
  const good = cells.filter(({ problem }) => problem === undefined);
  const first = cells.find(({ problem }) => problem !== undefined);
  const internal = cells.filter(({ third }) => third === 'INTERNAL').length;
  return [
    {
      passed: answered.length === times.length,
      seen: `${answered.length}/${times.length} tools answer a first call`,
    },
    {
      passed: good.length === cells.length && internal === 0,
      seen:
        `${good.length}/${cells.length} cells (tool x fault): the failure has a code and an id, the same session goes on ` +
        `with the same call, the next two and another tool; ${internal} INTERNAL` +
        (first ? `; first problem: ${first.tool}, ${first.fault}: ${first.problem}` : ''),
    },
  ];
}

function print({ times, cells }: ToolFailureReport, backend: string): void {
  printTable(`Every tool, queue on ${backend}: its first call, then its third call under each fault`, [
    ['tool', 'status', 'ms', ...TOOL_FAULTS],
    ...times.map(({ tool, status, ms }) => [
      tool,
      status,
      figure(ms),
      ...TOOL_FAULTS.map((fault) => {
        const cell = cells.find((one) => one.tool === tool && one.fault === fault);
        if (!cell) return '-';
        const seen = `${cell.third}, ${figure(cell.ms)} ms`;
        return cell.problem === undefined ? seen : `! ${seen}`;
      }),
    ]),
  ]);
}
