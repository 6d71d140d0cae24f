/** -j NOTRACK and -j CT. Zones by mark or for one direction, and timeout policies, are not modelled. */
import type { XtTarget } from '@netverdict/linux-net';
import { arg, find, has, type Module } from '../module.ts';
import { quote, whole } from '../values.ts';
import type { TargetPrinters } from './printers.ts';

export const notrack: Module<XtTarget> = { options: {}, build: () => ({ kind: 'notrack' }) };

export const ct: Module<XtTarget> = {
  options: {
    '--notrack': 0,
    '--helper': 1,
    '--zone': 1,
    '--zone-orig': 1,
    '--zone-reply': 1,
    '--ctevents': 1,
    '--expevents': 1,
    '--timeout': 1,
  },
  build: (given) => {
    const zone = find(given, '--zone');
    const helper = find(given, '--helper');
    if (has(given, '--zone-orig') || has(given, '--zone-reply') || has(given, '--timeout')) return null;
    if (zone && !/^(0x)?[0-9a-f]+$/i.test(arg(zone))) return null;
    return {
      kind: 'ct',
      zone: zone ? whole(arg(zone), 65535) : null,
      helper: helper ? arg(helper) : null,
      notrack: has(given, '--notrack'),
    };
  },
};

export const print: Pick<TargetPrinters, 'notrack' | 'ct'> = {
  notrack: () => '-j NOTRACK',
  ct: (t) =>
    `-j CT${t.notrack ? ' --notrack' : ''}${t.helper === null ? '' : ` --helper ${quote(t.helper)}`}${t.zone === null ? '' : ` --zone ${t.zone}`}`,
};
