/** -m ipv6header and -m eui64 */
import type { XtMatch } from '@netverdict/linux-net';
import { Malformed } from '../../problem.ts';
import { arg, find, has, type Module } from '../module.ts';
import { not } from '../values.ts';
import type { MatchPrinters } from './printers.ts';

/** Bits of ip6t_ipv6header.h; names and numbers as libip6t_ipv6header takes them. */
const BITS: Readonly<Record<string, number>> = {
  prot: 1,
  protocol: 1,
  auth: 2,
  ah: 2,
  esp: 4,
  none: 8,
  'ipv6-nonxt': 8,
  frag: 16,
  'ipv6-frag': 16,
  route: 32,
  'ipv6-route': 32,
  dst: 64,
  'ipv6-opts': 64,
  hop: 128,
  'hop-by-hop': 128,
  'ipv6-icmp': 1,
  '0': 128,
  '43': 32,
  '44': 16,
  '50': 4,
  '51': 2,
  '59': 8,
  '60': 64,
  '255': 1,
};
const NAMES = ['prot', 'auth', 'esp', 'none', 'frag', 'route', 'dst', 'hop'] as const;

export const ipv6header: Module<readonly XtMatch[]> = {
  options: { '--header': 1, '--soft': 0 },
  build: (given) => {
    const g = find(given, '--header');
    if (!g) throw new Malformed('-m ipv6header has no --header');
    const headers = arg(g)
      .split(',')
      .reduce((bits, name) => {
        const bit = BITS[name.toLowerCase()];
        if (bit === undefined) throw new Malformed(`"${name}" is not an extension header`);
        return bits | bit;
      }, 0);
    return [{ kind: 'ipv6header', headers, soft: has(given, '--soft'), negate: g.negate }];
  },
};

export const eui64: Module<readonly XtMatch[]> = { options: {}, build: () => [{ kind: 'eui64', negate: false }] };

export const print: Pick<MatchPrinters, 'ipv6header' | 'eui64'> = {
  ipv6header: (m) =>
    `-m ipv6header ${not(m.negate)}--header ${NAMES.filter((_, i) => m.headers & (1 << i)).join(',')}${m.soft ? ' --soft' : ''}`,
  eui64: () => '-m eui64',
};
