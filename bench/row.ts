import { readFileSync, writeFileSync } from 'node:fs';

/** One line of the benchmark's table. */
export interface Row {
  readonly what: string;
  readonly value: string;
  readonly wanted: string;
  /** What was run beside it, and the ratio. */
  readonly beside: string;
}

/** Prints them as a table, as the README has it. @returns what it printed. */
export function printRows(title: string, command: string, machine: string, rows: readonly Row[]): string {
  const text = [
    `### ${title}`,
    '',
    `Machine: ${machine}. Command: \`${command}\`.`,
    '',
    '| what | measured | wanted | beside it |',
    '|---|---|---|---|',
    ...rows.map((row) => `| ${row.what} | ${row.value} | ${row.wanted} | ${row.beside} |`),
  ].join('\n');
  console.log(`\n${text}`);
  return text;
}

const README = new URL('../README.md', import.meta.url);

/** Puts the tables between the README's marks: for a quiet machine. */
export function writeReadme(tables: readonly string[]): void {
  const [before, rest = ''] = readFileSync(README, 'utf8').split('<!-- bench:begin -->');
  const [, after] = rest.split('<!-- bench:end -->');
  if (before === undefined || after === undefined) throw new Error('the README has no marks for the tables');
  writeFileSync(README, `${before}<!-- bench:begin -->\n${tables.join('\n\n')}\n<!-- bench:end -->${after}`);
}

export const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
export const mib = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} MiB`;
export const ratio = (value: number, other: number): string => `${(value / other).toFixed(2)}×`;
