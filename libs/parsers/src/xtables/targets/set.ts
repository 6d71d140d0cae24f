/** -j SET: adds the packet to an IP set, takes it out, or takes values from the member that it is. */
import type { XtTarget } from '@netverdict/linux-net';
import { Malformed } from '../../problem.ts';
import { arg, find, type Module } from '../module.ts';
import { optionTexts } from '../option-text.ts';
import { oneOf, quote } from '../values.ts';
import type { TargetPrinters } from './printers.ts';

const KINDS = { '--add-set': 'set-add', '--del-set': 'set-del', '--map-set': 'set-map' } as const;
const OPTIONS = { 'set-add': '--add-set', 'set-del': '--del-set', 'set-map': '--map-set' } as const;
const DIRECTIONS = ['src', 'dst'] as const;

export const set: Module<XtTarget> = {
  options: {
    '--add-set': 2,
    '--del-set': 2,
    '--map-set': 2,
    '--exist': 0,
    '--timeout': 1,
    '--map-mark': 0,
    '--map-prio': 0,
    '--map-queue': 0,
  },
  build: (given) => {
    const main = given.filter((g) => g.option in KINDS);
    const g = find(given, '--add-set', '--del-set', '--map-set');
    if (!g) throw new Malformed('SET does not say what to do');
    // Both at once is possible for the kernel; one rule that does both is not printed by any tool seen.
    if (main.length > 1) return null;
    return {
      kind: KINDS[g.option as keyof typeof KINDS],
      set: arg(g),
      directions: arg(g, 1)
        .split(',')
        .map((name) => oneOf(DIRECTIONS, name, 'src or dst')),
      options: optionTexts(given.filter((other) => other !== g)),
    };
  },
};

const text = (t: {
  kind: keyof typeof OPTIONS;
  set: string;
  directions: readonly string[];
  options: readonly string[];
}): string => [`-j SET ${OPTIONS[t.kind]} ${quote(t.set)} ${t.directions.join(',')}`, ...t.options].join(' ');
export const print: Pick<TargetPrinters, 'set-add' | 'set-del' | 'set-map'> = {
  'set-add': text,
  'set-del': text,
  'set-map': text,
};
