import { distance } from 'fastest-levenshtein';

const MAX_LENGTH = 64;

/**
 * Names that were probably meant, nearest first: those within a third of the length in edits, and those that
 * contain what was typed or are contained in it.
 * @param limit how many at most
 */
export function closestNames(wanted: string, candidates: Iterable<string>, limit = 5): string[] {
  const name = wanted.slice(0, MAX_LENGTH).toLowerCase();
  return [...new Set(candidates)]
    .map((candidate) => ({ candidate, edits: editsBetween(name, candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= Math.max(2, Math.floor(candidate.length / 2)))
    .sort((a, b) => a.edits - b.edits || a.candidate.localeCompare(b.candidate))
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

function editsBetween(name: string, candidate: string): number {
  // Part of the name typed: `list` for `listmodels`.
  if (name.length >= 3 && (candidate.includes(name) || name.includes(candidate))) return 1;
  return distance(name, candidate);
}
