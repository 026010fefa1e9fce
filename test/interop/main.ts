import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../harness/paths.js';
import { CLIENT_HEAD, clientRow, document, INSPECTOR_HEAD, inspectorRow, table } from './document.js';
import { inspect, type Inspection } from './inspector.js';
import { measureRoute, slowCancellation, type Row } from './matrix.js';
import { openProduct } from './product.js';
import { ROUTES } from './session.js';

const DOCUMENT = 'docs/interop.md';

const USAGE = `npm run interop [-- --write]
Puts the official MCP clients, mcp-remote and the MCP Inspector (fetched by npx) to this server.
  --write  writes ${DOCUMENT} when nothing failed
Ends with 1 when something does not work, or a cancellation takes too long to reach the provider.`;

const { values } = parseArgs({
  options: { write: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}

const faults: string[] = [];

function report(what: string, { outcomes }: Pick<Row, 'outcomes'>): void {
  const wrong = Object.entries(outcomes).flatMap(([name, outcome]) =>
    outcome === null ? [] : [`✗ ${what}, ${name}: ${outcome}`],
  );
  faults.push(...wrong);
  console.error([what, ...wrong].join('\n'));
}

const rows: Row[] = [];
let inspections: readonly Inspection[] = [];
const rig = await openProduct();
try {
  for (const route of ROUTES) {
    const measured = await measureRoute(rig, route, (row) => {
      report(`${row.kind} over ${row.route}`, row);
      const slow = slowCancellation(row);
      if (slow !== undefined) faults.push(`✗ ${row.kind} over ${row.route}: ${slow}`);
    });
    rows.push(...measured);
  }
  inspections = await inspect(rig, (inspection) =>
    report(`Inspector over ${inspection.route}, ${inspection.revision}`, inspection),
  );
} catch (error) {
  faults.push(`✗ ${String(error)}`);
} finally {
  await rig.close();
}
console.log(table(CLIENT_HEAD, rows.map(clientRow)));
console.log(`\n${table(INSPECTOR_HEAD, inspections.map(inspectorRow))}`);
if (faults.length > 0) {
  console.error(`\n${faults.join('\n')}`);
  process.exitCode = 1;
} else if (values.write) {
  writeFileSync(join(ROOT, DOCUMENT), document(rows, inspections));
  console.error(`Written: ${DOCUMENT}`);
}
