/** Dumps that people pasted in public, read where they lie: beside the repository, or where NETVERDICT_REAL_DUMPS points. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const directory =
  process.env.NETVERDICT_REAL_DUMPS ?? fileURLToPath(new URL('../../../../../shared/data/real-dumps', import.meta.url));
const index = `${directory}/index.jsonl`;

export interface Dump {
  readonly file: string;
  /** Whether it is all that the tool printed, and only that. */
  readonly complete: boolean;
  /** Whether the real tool takes it: `loads`, or words that say otherwise. */
  readonly loads: string;
  readonly note: string;
}

export const dumps: readonly Dump[] = existsSync(index)
  ? readFileSync(index, 'utf8')
      .trim()
      .split('\n')
      .map((line): Dump => JSON.parse(line) as Dump)
      .filter((dump) => existsSync(`${directory}/${dump.file}`))
  : [];
if (dumps.length === 0) console.warn(`skipped: no dumps at ${directory}`);

export const readDump = (dump: Dump): string => readFileSync(`${directory}/${dump.file}`, 'utf8');
export const dumpsOf = (folder: string): readonly Dump[] => dumps.filter((dump) => dump.file.startsWith(`${folder}/`));
