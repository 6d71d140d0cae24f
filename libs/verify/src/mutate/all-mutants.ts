/** Every mutant of the model, in an order that each process finds again: its number is its position. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Mutant, mutantsOf } from './mutants.ts';

export const MODEL = fileURLToPath(new URL('../../../netsim/src', import.meta.url));

/** The stack itself; what turns fates into findings and words is not what a packet feels. */
const FOLDERS = [
  'answer',
  'conntrack',
  'ipset',
  'link',
  'nat',
  'neighbour',
  'netfilter',
  'nft',
  'packet',
  'path',
  'route',
  'socket',
];

export function allMutants(): Mutant[] {
  return FOLDERS.flatMap((folder) => {
    const files = readdirSync(join(MODEL, folder), { recursive: true, encoding: 'utf8' }).sort();
    return files
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .flatMap((file) => {
        const path = join(MODEL, folder, file);
        return mutantsOf(relative(MODEL, path), readFileSync(path, 'utf8'));
      });
  });
}
