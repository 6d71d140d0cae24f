/** -m owner. A user given by name has no number here (but root), and what old kernels asked of processes is not modelled. */
import type { XtMatch } from '@netverdict/linux-net';
import { arg, each, type Given, has, type Module } from '../module.ts';
import { not, printRange, range } from '../values.ts';
import type { MatchPrinters } from './printers.ts';

const id =
  (what: 'uid' | 'gid') =>
  (g: Given): XtMatch | null => {
    const text = arg(g) === 'root' ? '0' : arg(g);
    return /^\d/.test(text)
      ? { kind: 'owner', what, range: range(text, '-', 0xffffffff), supplementary: false, negate: g.negate }
      : null;
  };

const one = each<XtMatch>({
  '--uid-owner': id('uid'),
  '--gid-owner': id('gid'),
  '--socket-exists': (g) => ({
    kind: 'owner',
    what: 'socket-exists',
    range: null,
    supplementary: false,
    negate: g.negate,
  }),
});

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
  build: (given, family) => {
    const supplementary = has(given, '--suppl-groups');
    const matches = one(
      given.filter((g) => g.option !== '--suppl-groups'),
      family,
    );
    return matches?.map((m) => (m.kind === 'owner' && m.what === 'gid' ? { ...m, supplementary } : m)) ?? null;
  },
};

export const print: Pick<MatchPrinters, 'owner'> = {
  owner: (m) =>
    m.range === null
      ? `-m owner ${not(m.negate)}--socket-exists`
      : `-m owner ${not(m.negate)}--${m.what}-owner ${printRange(m.range, '-')}${m.supplementary ? ' --suppl-groups' : ''}`,
};
