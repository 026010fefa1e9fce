import { type Measured, rowOf } from './measured.js';
import { KNOWN_WARNINGS } from './suite/known-warnings.js';
import { SUITES } from './suite/suites.js';
import { HTTP_ONLY, TRANSPORTS, type Transport } from './suite/transports.js';

const HEAD = ['suite', 'checks passed', 'scenarios', 'warnings', 'skipped'];

const INTRO = `# Conformance

For engineers and users: how this server does in the official MCP conformance suites. Written by \`npm run conformance\`, which fails when one check fails.

- The suites are \`@modelcontextprotocol/conformance\` 0.1.16 and 0.2.0-alpha.12, unchanged. "Required by" is the set that a revision requires; what the suite runs beside it without scoring it (tasks, headers) is counted here too.
- The server is the whole product: PostgreSQL, gateway and worker as separate processes, calls through ledger and queue. What the suites call by fixed names (\`test/conformance/fixture\`) is registered beside the product's own tools, prompts and resources through the same registration.
- The suites speak HTTP only. For WebSocket and stdio they speak to a small bridge (\`test/conformance/bridge\`), which passes each message on: over \`/ws\`, or to \`exai stdio\` beside a running gateway. Sessions of the 2025 revisions get a socket or process each, all clients of 2026-07-28 share one.
`;

/** The document, without anything that differs between two runs with the same result. */
export function document(measured: readonly Measured[]): string {
  const sections = (Object.keys(TRANSPORTS) as Transport[]).map((transport) => {
    const rows = measured.filter((entry) => entry.transport === transport).map(rowOf);
    return `## ${TRANSPORTS[transport]}\n\n${table(HEAD, rows)}\n`;
  });
  const left = HTTP_ONLY.map(({ what, because }) => [
    what.checks === undefined ? `\`${what.scenario}\`` : `\`${what.checks}*\` in \`${what.scenario}\``,
    because,
  ]);
  const warnings = KNOWN_WARNINGS.map(({ suite, check, because }) => [
    titleOf(suite),
    `\`${check}\``,
    because,
  ]);
  return [
    INTRO,
    ...sections,
    `## Warnings\n\nWhere there are some, they are these; any other warning counts as a failure.\n\n${table(['suite', 'check', 'why'], warnings)}\n`,
    `## Skipped by the suites\n\n${table(['scenario', 'checks', 'what the suite says'], skippedIn(measured))}\n`,
    `## Not applicable to WebSocket and stdio\n\nThese test HTTP itself, and are not counted there.\n\n${table(['scenario', 'tests'], left)}\n`,
  ].join('\n');
}

function titleOf(suite: string): string {
  return SUITES.find(({ id }) => id === suite)?.title ?? suite;
}

/** Once for each scenario, whichever suite and transport it was skipped in. */
function skippedIn(measured: readonly Measured[]): readonly (readonly string[])[] {
  const rows = new Map<string, readonly string[]>();
  for (const { scenario, checks } of measured.flatMap(({ results }) => results)) {
    const skipped = checks.filter(({ status }) => status === 'SKIPPED');
    const [first] = skipped;
    if (!first) continue;
    const reason = (first.errorMessage ?? first.description).replace(/\s+/g, ' ');
    rows.set(scenario, [`\`${scenario}\``, String(skipped.length), reason]);
  }
  return [...rows.values()];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}
