/** -j TCPMSS */
import type { XtTarget } from '@netverdict/linux-net';
import { Malformed } from '../../problem.ts';
import { arg, find, has, type Module } from '../module.ts';
import { whole } from '../values.ts';
import type { TargetPrinters } from './printers.ts';

export const tcpmss: Module<XtTarget> = {
  options: { '--set-mss': 1, '--clamp-mss-to-pmtu': 0 },
  build: (given) => {
    const mss = find(given, '--set-mss');
    if (!mss && !has(given, '--clamp-mss-to-pmtu')) throw new Malformed('TCPMSS does not say what to do');
    return { kind: 'tcpmss', set: mss ? whole(arg(mss), 65535) : 'clamp-to-pmtu' };
  },
};

export const print: Pick<TargetPrinters, 'tcpmss'> = {
  tcpmss: (t) => `-j TCPMSS ${t.set === 'clamp-to-pmtu' ? '--clamp-mss-to-pmtu' : `--set-mss ${t.set}`}`,
};
