import { FEATURES } from './features.js';
import { INSPECTOR_COMMANDS, type Inspection } from './inspector.js';
import { LEFT_OUT } from './left-out.js';
import { CLIENTS, type Row } from './matrix.js';
import { type Route } from './session.js';

const ROUTE_TITLES: Readonly<Record<Route, string>> = {
  http: 'HTTP',
  websocket: 'WebSocket',
  stdio: 'stdio',
  'mcp-remote': 'mcp-remote 0.15.1',
};

const INTRO = `# Interoperability

For users and engineers: which client does what over which transport. Written by \`npm run interop -- --write\`, which puts real clients to the whole product (gateway and worker as processes of their own, tokens required, answers from the simulator); \`npm test\` makes the same checks of the official clients and mcp-remote.

## Official clients

Directly, and behind mcp-remote. ✓ = seen to work, – = impossible on this way (below). "cancel, ms" is the time from the client's abort until the provider sees its request aborted: median and longest of five.
`;

/** By column: ✓, or ✗ with what went wrong told elsewhere. */
function marks(names: readonly string[], outcomes: Row['outcomes']): readonly string[] {
  return names.map((name) => (outcomes[name] === undefined ? '–' : outcomes[name] === null ? '✓' : '✗'));
}

export function cancelTimes({ cancelMs }: Row): string {
  if (cancelMs.length === 0) return '–';
  return `${cancelMs[Math.floor(cancelMs.length / 2)]} / ${cancelMs.at(-1)}`;
}

const NAMES = FEATURES.map(({ name }) => name);
const COMMANDS = INSPECTOR_COMMANDS.map(({ name }) => name);

export const CLIENT_HEAD = ['client', 'over', 'revision', ...NAMES, 'cancel, ms'];
export const INSPECTOR_HEAD = ['over', 'revision', ...COMMANDS];

export function clientRow(row: Row): readonly string[] {
  const { kind, route, revision, outcomes } = row;
  return [CLIENTS[kind], ROUTE_TITLES[route], revision, ...marks(NAMES, outcomes), cancelTimes(row)];
}

export function inspectorRow({ route, revision, outcomes }: Inspection): readonly string[] {
  return [ROUTE_TITLES[route], revision, ...marks(COMMANDS, outcomes)];
}

export function document(rows: readonly Row[], inspections: readonly Inspection[]): string {
  const claims = FEATURES.map(({ name, claim }) => [name, `the client ${claim}`]);
  const reasons = LEFT_OUT.map(({ route, isModern, feature, because }) => [
    `${feature} over ${ROUTE_TITLES[route]}${isModern ? ', 2026-07-28' : ''}`,
    because,
  ]);
  return [
    INTRO,
    `${table(CLIENT_HEAD, rows.map(clientRow))}\n`,
    `${table(['column', 'what was checked'], claims)}\n`,
    `## Impossible\n\n${table(['what', 'why'], reasons)}\n`,
    `## MCP Inspector 2.12.0\n\nIts command line, as npx fetches it.\n\n${table(INSPECTOR_HEAD, inspections.map(inspectorRow))}\n`,
  ].join('\n');
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}
