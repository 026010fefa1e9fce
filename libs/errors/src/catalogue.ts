import { accessRows } from './catalogue-access.js';
import { clientRows } from './catalogue-client.js';
import { providerRows } from './catalogue-provider.js';
import { serverRows } from './catalogue-server.js';
import { type CatalogueEntry, type CatalogueRow, type ErrorDetails } from './entry.js';

const rows = { ...clientRows, ...accessRows, ...providerRows, ...serverRows };

/** Every code there is. Codes are only ever added; a meaning has one code. */
export type ErrorCode = keyof typeof rows;

export const ERROR_CODES = Object.keys(rows) as readonly ErrorCode[];

/** The one table of errors: what each code means to callers, transports, the queue, alerts and processes. */
export const catalogue = Object.freeze(
  Object.fromEntries(ERROR_CODES.map((code) => [code, entryOf(code, rows[code])])),
) as Readonly<Record<ErrorCode, CatalogueEntry>>;

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(catalogue, value);
}

function entryOf(code: ErrorCode, row: CatalogueRow): CatalogueEntry {
  return Object.freeze({
    ...row,
    docs: `docs/troubleshooting.md#${code.toLowerCase()}`,
    hint: (details: ErrorDetails) => withFinality(row, row.hint(details)),
  });
}

/** A model reads the hint too, and would otherwise send a hopeless call again. */
function withFinality(row: CatalogueRow, hint: string): string {
  // Codes of a failed start are read by a person, who has already done something about it.
  const isStartUp = row.category === 'configuration' && row.jsonrpc === 'none';
  return row.retry !== 'never' || isStartUp || hint.includes('will not help')
    ? hint
    : `${hint} Repeating the same call will not help.`;
}
