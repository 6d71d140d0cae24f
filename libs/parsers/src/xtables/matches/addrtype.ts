/** -m addrtype */
import type { AddrType, XtMatch } from '@netverdict/linux-net';
import { arg, find, has, type Module } from '../module.ts';
import { not, oneOf } from '../values.ts';
import type { MatchPrinters } from './printers.ts';

const TYPES: readonly AddrType[] = [
  'UNSPEC',
  'UNICAST',
  'LOCAL',
  'BROADCAST',
  'ANYCAST',
  'MULTICAST',
  'BLACKHOLE',
  'UNREACHABLE',
  'PROHIBIT',
  'THROW',
  'NAT',
  'XRESOLVE',
];

export const addrtype: Module<readonly XtMatch[]> = {
  options: { '--src-type': 1, '--dst-type': 1, '--limit-iface-in': 0, '--limit-iface-out': 0 },
  build: (given) => {
    const limitIface = has(given, '--limit-iface-in') ? 'in' : has(given, '--limit-iface-out') ? 'out' : null;
    const matches: XtMatch[] = [];
    for (const [option, side] of [
      ['--src-type', 'source'],
      ['--dst-type', 'destination'],
    ] as const) {
      const g = find(given, option);
      if (!g) continue;
      const types = arg(g)
        .split(',')
        .map((name) => oneOf(TYPES, name.toUpperCase(), 'an address type'));
      matches.push({ kind: 'addrtype', side, types, limitIface, negate: g.negate });
    }
    return matches;
  },
};

export const print: Pick<MatchPrinters, 'addrtype'> = {
  addrtype: (m) =>
    `-m addrtype ${not(m.negate)}--${m.side === 'source' ? 'src' : 'dst'}-type ${m.types.join(',')}${m.limitIface === null ? '' : ` --limit-iface-${m.limitIface}`}`,
};
