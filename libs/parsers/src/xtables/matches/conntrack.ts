/** -m conntrack, and its forerunner -m state. */
import type { CtState, XtMatch } from '@netverdict/linux-net';
import { protocolNumber } from '../../ip/names.ts';
import { arg, each, type Given, type Module } from '../module.ts';
import { maskedAddress, not, oneOf, printMaskedAddress, printRange, range } from '../values.ts';
import type { MatchPrinters } from './printers.ts';

const STATES: readonly CtState[] = ['INVALID', 'NEW', 'ESTABLISHED', 'RELATED', 'UNTRACKED', 'SNAT', 'DNAT'];
const STATUSES = ['NONE', 'EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED'] as const;

const ctstate = (g: Given): XtMatch => ({
  kind: 'ctstate',
  states: arg(g)
    .split(',')
    .map((name) => oneOf(STATES, name.toUpperCase(), 'a connection state')),
  negate: g.negate,
});

type Tuple = 'orig' | 'reply';
type Side = 'source' | 'destination';
const address =
  (tuple: Tuple, side: Side) =>
  (g: Given, family: 'ipv4' | 'ipv6'): XtMatch => ({
    kind: 'ctaddress',
    tuple,
    side,
    value: maskedAddress(arg(g), family),
    negate: g.negate,
    besideState: false,
  });
const port =
  (tuple: Tuple, side: Side) =>
  (g: Given): XtMatch => ({
    kind: 'ctport',
    tuple,
    side,
    range: range(arg(g)),
    negate: g.negate,
    besideState: false,
  });

const DIRECTIONS = ['ORIGINAL', 'REPLY'] as const;

export const conntrack: Module<readonly XtMatch[]> = {
  options: {
    '--ctstate': 1,
    '--ctproto': 1,
    '--ctstatus': 1,
    '--ctdir': 1,
    '--ctexpire': 1,
    '--ctorigsrc': 1,
    '--ctorigdst': 1,
    '--ctreplsrc': 1,
    '--ctrepldst': 1,
    '--ctorigsrcport': 1,
    '--ctorigdstport': 1,
    '--ctreplsrcport': 1,
    '--ctrepldstport': 1,
  },
  build: (given, family) => {
    const matches = one(given, family);
    const state = matches?.find((m) => m.kind === 'ctstate');
    if (!matches || !state) return matches;
    // The kernel asks for the state first.
    return [
      state,
      ...matches.filter((m) => m !== state).map((m) => ('besideState' in m ? { ...m, besideState: true } : m)),
    ];
  },
};

const one = each<XtMatch>({
  '--ctstate': ctstate,
  '--ctproto': (g) => ({ kind: 'ctproto', number: protocolNumber(arg(g)), negate: g.negate, besideState: false }),
  '--ctexpire': (g) => ({
    kind: 'ctexpire',
    range: range(arg(g), ':', 0xffffffff),
    negate: g.negate,
    besideState: false,
  }),
  '--ctstatus': (g) => ({
    kind: 'ctstatus',
    statuses: arg(g)
      .split(',')
      .map((name) => oneOf(STATUSES, name, 'a connection status')),
    negate: g.negate,
    besideState: false,
  }),
  '--ctdir': (g) => ({
    kind: 'ctdir',
    direction: oneOf(DIRECTIONS, arg(g), 'a direction'),
    negate: g.negate,
    besideState: false,
  }),
  '--ctorigsrc': address('orig', 'source'),
  '--ctorigdst': address('orig', 'destination'),
  '--ctreplsrc': address('reply', 'source'),
  '--ctrepldst': address('reply', 'destination'),
  '--ctorigsrcport': port('orig', 'source'),
  '--ctorigdstport': port('orig', 'destination'),
  '--ctreplsrcport': port('reply', 'source'),
  '--ctrepldstport': port('reply', 'destination'),
});

export const state: Module<readonly XtMatch[]> = {
  options: { '--state': 1 },
  build: each<XtMatch>({ '--state': ctstate }),
};

const short = (m: { tuple: Tuple; side: Side }): string =>
  `--ct${m.tuple === 'orig' ? 'orig' : 'repl'}${m.side === 'source' ? 'src' : 'dst'}`;

/** Beside a state it stands in the same `-m conntrack`: print.ts puts it right behind. */
const option = (m: { besideState: boolean; negate: boolean }): string =>
  `${m.besideState ? '' : '-m conntrack '}${not(m.negate)}`;

export const print: Pick<
  MatchPrinters,
  'ctstate' | 'ctproto' | 'ctstatus' | 'ctexpire' | 'ctdir' | 'ctaddress' | 'ctport'
> = {
  ctstate: (m) => `-m conntrack ${not(m.negate)}--ctstate ${m.states.join(',')}`,
  ctproto: (m) => `${option(m)}--ctproto ${m.number}`,
  ctstatus: (m) => `${option(m)}--ctstatus ${m.statuses.join(',')}`,
  ctexpire: (m) => `${option(m)}--ctexpire ${printRange(m.range)}`,
  ctdir: (m) => `${option(m)}--ctdir ${m.direction}`,
  ctaddress: (m) => `${option(m)}${short(m)} ${printMaskedAddress(m.value)}`,
  ctport: (m) => `${option(m)}${short(m)}port ${printRange(m.range)}`,
};
