import { type Turn } from './conversation.js';

export interface RecentTurns {
  /** Oldest first. */
  readonly turns: readonly Turn[];
  /** One sentence about what was left out; absent when nothing was. */
  readonly note?: string;
}

/**
 * Keeps the newest exchanges that fit the budget. An exchange is kept whole or not at all: a question without
 * its answer, or the reverse, would mislead the model.
 */
export function trimHistory(
  turns: readonly Turn[],
  tokenBudget: number,
  estimate: (text: string) => number,
): RecentTurns {
  let left = tokenBudget;
  let first = turns.length;
  for (let start = exchangeStart(turns, first); start >= 0; start = exchangeStart(turns, first)) {
    const cost = turns.slice(start, first).reduce((sum, turn) => sum + estimate(turn.content), 0);
    if (cost > left) break;
    left -= cost;
    first = start;
  }
  const kept = turns.slice(first);
  if (first === 0) return { turns: kept };
  const range = first === 1 ? 'Turn 1' : `Turns 1 to ${first}`;
  return { turns: kept, note: `${range} of this conversation are left out here because of their length.` };
}

/** Index of the user turn that opens the exchange ending before `end`; -1 when there is none. */
function exchangeStart(turns: readonly Turn[], end: number): number {
  for (let index = end - 1; index >= 0; index -= 1) {
    if (turns[index]?.role === 'user') return index;
  }
  return -1;
}
