import { type CompleteResult } from '@modelcontextprotocol/server';

export type Completed = CompleteResult['completion'];

/** The protocol's own limit. */
const MAX_VALUES = 100;

/** What begins with the text stands before what only holds it. */
export function matchingValues(values: readonly string[], typed: string): Completed {
  const text = typed.trim().toLowerCase();
  const holding = values.filter((value) => value.toLowerCase().includes(text));
  const isFirst = (value: string) => value.toLowerCase().startsWith(text);
  const sorted = [...holding.filter(isFirst), ...holding.filter((value) => !isFirst(value))];
  return {
    values: sorted.slice(0, MAX_VALUES),
    total: sorted.length,
    hasMore: sorted.length > MAX_VALUES,
  };
}
