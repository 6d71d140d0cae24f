/** -m dscp */
import type { XtMatch } from '@netverdict/linux-net';
import { Malformed } from '../../problem.ts';
import { arg, each, type Module } from '../module.ts';
import { hex, not, whole } from '../values.ts';
import type { MatchPrinters } from './printers.ts';

/** RFC 2474 class selectors, RFC 2597 assured forwarding, RFC 3246 EF. */
export function dscpClass(name: string): number {
  const selector = /^CS([0-7])$/i.exec(name);
  if (selector) return Number(selector[1]) * 8;
  const assured = /^AF([1-4])([1-3])$/i.exec(name);
  if (assured) return Number(assured[1]) * 8 + Number(assured[2]) * 2;
  if (/^EF$/i.test(name)) return 46;
  if (/^BE$/i.test(name)) return 0;
  throw new Malformed(`"${name}" is not a DSCP class`);
}

export const dscp: Module<readonly XtMatch[]> = {
  options: { '--dscp': 1, '--dscp-class': 1 },
  build: each<XtMatch>({
    '--dscp': (g) => ({ kind: 'dscp', value: whole(arg(g), 63), negate: g.negate }),
    '--dscp-class': (g) => ({ kind: 'dscp', value: dscpClass(arg(g)), negate: g.negate }),
  }),
};

export const print: Pick<MatchPrinters, 'dscp'> = {
  dscp: (m) => `-m dscp ${not(m.negate)}--dscp ${hex(m.value)}`,
};
