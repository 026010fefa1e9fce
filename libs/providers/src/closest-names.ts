/** Up to `count` candidates that `name` was probably meant to be, nearest first. */
export function closestNames(name: string, candidates: Iterable<string>, count = 5): string[] {
  const wanted = name.toLowerCase();
  return [...new Set(candidates)]
    .map((candidate) => ({ candidate, distance: distanceOf(wanted, candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance || a.candidate.localeCompare(b.candidate))
    .slice(0, count)
    .map(({ candidate }) => candidate);
}

/** Edit distance relative to the longer name; a name that contains the other one counts as near. */
function distanceOf(a: string, b: string): number {
  const relative = editDistance(a, b) / Math.max(a.length, b.length, 1);
  return b.includes(a) || a.includes(b) ? relative / 2 : relative;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const replace = (previous[column - 1] ?? 0) + Number(a[row - 1] !== b[column - 1]);
      current.push(Math.min(replace, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
