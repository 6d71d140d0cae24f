/** -m ecn */
import type { XtMatch } from '@netverdict/linux-net';
import { arg, each, type Given, type Module } from '../module.ts';
import { not, whole } from '../values.ts';
import type { MatchPrinters } from './printers.ts';

const flag =
  (name: 'cwr' | 'ece') =>
  (g: Given): XtMatch => ({ kind: 'ecn-tcp', flag: name, negate: g.negate });

export const ecn: Module<readonly XtMatch[]> = {
  options: { '--ecn-tcp-cwr': 0, '--ecn-tcp-ece': 0, '--ecn-ip-ect': 1 },
  build: each<XtMatch>({
    '--ecn-tcp-cwr': flag('cwr'),
    '--ecn-tcp-ece': flag('ece'),
    '--ecn-ip-ect': (g) => ({ kind: 'ecn-ip', value: whole(arg(g), 3), negate: g.negate }),
  }),
};

export const print: Pick<MatchPrinters, 'ecn-tcp' | 'ecn-ip'> = {
  'ecn-tcp': (m) => `-m ecn ${not(m.negate)}--ecn-tcp-${m.flag}`,
  'ecn-ip': (m) => `-m ecn ${not(m.negate)}--ecn-ip-ect ${m.value}`,
};
