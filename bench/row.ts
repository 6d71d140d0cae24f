/** One line of the benchmark's table. */
export interface Row {
  readonly what: string;
  readonly value: string;
  readonly wanted: string;
  /** What was run beside it, and the ratio. */
  readonly beside: string;
}

export function printRows(title: string, command: string, machine: string, rows: readonly Row[]): void {
  console.log(`\n### ${title}\n`);
  console.log(`Machine: ${machine}. Command: \`${command}\`.\n`);
  console.log('| what | measured | wanted | beside it |');
  console.log('|---|---|---|---|');
  for (const row of rows) console.log(`| ${row.what} | ${row.value} | ${row.wanted} | ${row.beside} |`);
}

export const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
export const mib = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} MiB`;
export const ratio = (value: number, other: number): string => `${(value / other).toFixed(2)}×`;
