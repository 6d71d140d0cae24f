/** A ledger is a file of JSON lines, written by one process and read by another. What is in it was seen, not worked out. */
import { existsSync, openSync, readFileSync, writeSync } from 'node:fs';

/** @returns writes one line, at once: what was written stays although the process is killed. */
export function openLedger(file: string): (entry: object) => void {
  const fd = openSync(file, 'a', 0o600);
  return (entry) => void writeSync(fd, `${JSON.stringify(entry)}\n`);
}

/** The whole lines: the last may still be under way. */
export function readLedger<T>(file: string): T[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.slice(0, -1).map((line) => JSON.parse(line) as T);
}
