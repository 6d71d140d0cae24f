/** Answers go to stdout. */
export const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Columns as wide as their widest cell, the last one open. */
export function printTable(heads: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => (row[i] ?? '').length)));
  for (const row of [heads, ...rows])
    print(row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  '));
}
