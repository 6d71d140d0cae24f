/** -m owner. A user given by name has no number here, and --suppl-groups and --pid-owner are not modelled. */
import type { XtMatch } from '@netverdict/linux-net';
import { arg, each, type Given, type Module } from '../module.ts';
import { not, printRange, range } from '../values.ts';
import type { MatchPrinters } from './printers.ts';

const id =
  (what: 'uid' | 'gid') =>
  (g: Given): XtMatch | null =>
    /^\d/.test(arg(g)) ? { kind: 'owner', what, range: range(arg(g), '-', 0xffffffff), negate: g.negate } : null;

export const owner: Module<readonly XtMatch[]> = {
  options: {
    '--uid-owner': 1,
    '--gid-owner': 1,
    '--socket-exists': 0,
    '--suppl-groups': 0,
    '--pid-owner': 1,
    '--sid-owner': 1,
    '--cmd-owner': 1,
  },
  build: each<XtMatch>({
    '--uid-owner': id('uid'),
    '--gid-owner': id('gid'),
    '--socket-exists': (g) => ({ kind: 'owner', what: 'socket-exists', range: null, negate: g.negate }),
  }),
};

export const print: Pick<MatchPrinters, 'owner'> = {
  owner: (m) =>
    m.range === null
      ? `-m owner ${not(m.negate)}--socket-exists`
      : `-m owner ${not(m.negate)}--${m.what}-owner ${printRange(m.range, '-')}`,
};
