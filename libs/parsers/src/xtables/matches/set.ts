/** -m set (ipset) */
import type { XtMatch } from '@netverdict/linux-net';
import { Malformed } from '../../problem.ts';
import { arg, find, type Module } from '../module.ts';
import { not, oneOf, quote } from '../values.ts';
import type { MatchPrinters } from './printers.ts';

const DIRECTIONS = ['src', 'dst'] as const;
/** What they mean is kept as text: `! --update-counters`, `--packets-gt 5`. */
const EXTRA = {
  '--return-nomatch': 0,
  '--update-counters': 0,
  '--update-subcounters': 0,
  '--packets-eq': 1,
  '--packets-lt': 1,
  '--packets-gt': 1,
  '--bytes-eq': 1,
  '--bytes-lt': 1,
  '--bytes-gt': 1,
} as const;

export const set: Module<readonly XtMatch[]> = {
  options: { '--match-set': 2, '--set': 2, ...EXTRA },
  build: (given) => {
    const g = find(given, '--match-set', '--set');
    if (!g) throw new Malformed('-m set has no --match-set');
    const directions = arg(g, 1)
      .split(',')
      .map((name) => oneOf(DIRECTIONS, name, 'src or dst'));
    const options = given
      .filter((other) => other.option in EXTRA)
      .map((other) => [`${not(other.negate)}${other.option}`, ...other.args].join(' '));
    return [{ kind: 'set', set: arg(g), directions, options, negate: g.negate }];
  },
};

export const print: Pick<MatchPrinters, 'set'> = {
  set: (m) => [`-m set ${not(m.negate)}--match-set ${quote(m.set)} ${m.directions.join(',')}`, ...m.options].join(' '),
};
