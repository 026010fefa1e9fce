/** Rows of a table: the first names the columns. */
export function printTable(title: string, rows: readonly (readonly string[])[]): void {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, index) =>
    Math.max(...rows.map((row) => (row[index] ?? '').length)),
  );
  const line = (row: readonly string[]) =>
    row.map((cell, index) => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0)));
  console.log(`\n${title}\n`);
  rows.forEach((row, index) => {
    console.log(`  ${line(row).join('   ')}`.trimEnd());
    if (index === 0) console.log(`  ${widths.map((width) => '-'.repeat(width)).join('   ')}`);
  });
}

/** Says on the terminal what is being measured; the tables come at the end. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
