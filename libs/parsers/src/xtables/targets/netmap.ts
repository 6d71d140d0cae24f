/** -j NETMAP */
import type { XtTarget } from '@netverdict/linux-net';
import { Malformed } from '../../problem.ts';
import { arg, find, type Module } from '../module.ts';
import { maskedAddress, printMaskedAddress } from '../values.ts';
import type { TargetPrinters } from './printers.ts';

export const netmap: Module<XtTarget> = {
  options: { '--to': 1 },
  build: (given, family) => {
    const g = find(given, '--to');
    if (!g) throw new Malformed('NETMAP has no --to');
    return { kind: 'netmap', ...maskedAddress(arg(g), family) };
  },
};

export const print: Pick<TargetPrinters, 'netmap'> = { netmap: (t) => `-j NETMAP --to ${printMaskedAddress(t)}` };
