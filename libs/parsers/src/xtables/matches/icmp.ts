/** -m icmp and -m icmp6 */
import type { XtMatch } from '@netverdict/linux-net';
import { Malformed } from '../../problem.ts';
import { arg, type Module } from '../module.ts';
import { not, printRange, whole } from '../values.ts';
import { ICMP_NAMES, ICMPV6_NAMES, type IcmpName } from './icmp-names.ts';
import type { MatchPrinters } from './printers.ts';

const ANY = 255;

const module = (option: string, names: Readonly<Record<string, IcmpName>>): Module<readonly XtMatch[]> => ({
  options: { [option]: 1 },
  build: (given) => {
    const matches: XtMatch[] = [];
    for (const g of given) {
      // `any` is the kernel's type 255: it asks nothing beyond -p icmp.
      if (arg(g) === 'any' || arg(g) === '255') {
        // Negated it takes none.
        if (g.negate) matches.push({ kind: 'icmp', type: ANY, codes: { from: 0, to: 255 }, negate: true });
      } else matches.push({ kind: 'icmp', ...typeAndCodes(arg(g), names), negate: g.negate });
    }
    return matches;
  },
});

function typeAndCodes(text: string, names: Readonly<Record<string, IcmpName>>) {
  const named = names[text];
  if (named) return { type: named[0], codes: { from: named[1] ?? 0, to: named[1] ?? 255 } };
  const [type = '', code, ...more] = text.split('/');
  if (more.length > 0 || !/^\d/.test(type)) throw new Malformed(`"${text}" is not an ICMP type`);
  if (code === undefined) return { type: whole(type, 255), codes: { from: 0, to: 255 } };
  const [from = '', to = from] = code.split(/[-:]/);
  return { type: whole(type, 255), codes: { from: whole(from, 255), to: whole(to, 255) } };
}

export const icmp = module('--icmp-type', ICMP_NAMES);
export const icmp6 = module('--icmpv6-type', ICMPV6_NAMES);

export const print: Pick<MatchPrinters, 'icmp'> = {
  icmp: (m, { family }) => {
    if (m.type === ANY) return '-m icmp ! --icmp-type any';
    const codes = m.codes.from === 0 && m.codes.to === 255 ? '' : `/${printRange(m.codes, '-')}`;
    return `-m ${family === 'ipv4' ? 'icmp' : 'icmp6'} ${not(m.negate)}${family === 'ipv4' ? '--icmp-type' : '--icmpv6-type'} ${m.type}${codes}`;
  },
};
