const MAX_LENGTH = 64;

/** Names that look like what was meant, nearest first. */
export function closestNames(wanted: string, names: readonly string[], limit = 3): string[] {
  const name = wanted.slice(0, MAX_LENGTH).toLowerCase();
  return names
    .map((candidate) => ({ candidate, distance: distanceOf(name, candidate) }))
    .filter(({ candidate, distance }) => distance <= Math.max(2, Math.floor(candidate.length / 2)))
    .sort((a, b) => a.distance - b.distance || a.candidate.localeCompare(b.candidate))
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

function distanceOf(name: string, candidate: string): number {
  // Part of the name typed: `list` for `listmodels`.
  if (name.length >= 3 && (candidate.includes(name) || name.includes(candidate))) return 1;
  return levenshtein(name, candidate);
}

function levenshtein(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
