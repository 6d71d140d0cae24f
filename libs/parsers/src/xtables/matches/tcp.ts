/** -m tcp */
import type { XtMatch } from '@netverdict/linux-net';
import { Malformed } from '../../problem.ts';
import { arg, each, type Given, type Module } from '../module.ts';
import { hex, not, whole } from '../values.ts';
import { PORT_OPTIONS, portMatches } from './ports.ts';
import type { MatchPrinters } from './printers.ts';

const FLAGS: Readonly<Record<string, number>> = {
  FIN: 1,
  SYN: 2,
  RST: 4,
  PSH: 8,
  ACK: 16,
  URG: 32,
  ALL: 0x3f,
  NONE: 0,
};
const SYN = { mask: 0x17, comp: 0x02 };

export const tcp: Module<readonly XtMatch[]> = {
  options: { ...PORT_OPTIONS, '--tcp-flags': 2, '--syn': 0, '--tcp-option': 1 },
  build: each<XtMatch>({
    ...portMatches,
    '--tcp-flags': (g) => ({ kind: 'tcp-flags', mask: flags(arg(g)), comp: flags(arg(g, 1)), negate: g.negate }),
    '--syn': (g: Given) => ({ kind: 'tcp-flags', ...SYN, negate: g.negate }),
    '--tcp-option': (g) => ({ kind: 'tcp-option', number: whole(arg(g), 255), negate: g.negate }),
  }),
};

/** Names, or the number that versions print for bits without a name. */
function flags(text: string): number {
  if (/^(0x|\d)/.test(text)) return whole(text, 255);
  return text.split(',').reduce((bits, name) => {
    const bit = FLAGS[name];
    if (bit === undefined) throw new Malformed(`"${name}" is not a TCP flag`);
    return bits | bit;
  }, 0);
}

/** iptables takes names only; the two bits without a name cannot be typed. */
function names(bits: number): string {
  if (bits === 0) return 'NONE';
  const known = Object.entries(FLAGS).filter(([name, bit]) => name !== 'ALL' && (bits & bit) !== 0);
  return known.reduce((sum, [, bit]) => sum | bit, 0) === bits ? known.map(([name]) => name).join(',') : hex(bits);
}

export const print: Pick<MatchPrinters, 'tcp-flags' | 'tcp-option'> = {
  'tcp-flags': (m) => `-m tcp ${not(m.negate)}--tcp-flags ${names(m.mask)} ${names(m.comp)}`,
  'tcp-option': (m) => `-m tcp ${not(m.negate)}--tcp-option ${m.number}`,
};
