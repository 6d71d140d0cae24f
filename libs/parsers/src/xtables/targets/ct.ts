/** -j NOTRACK and -j CT */
import type { XtTarget } from '@netverdict/linux-net';
import { arg, find, has, type Module } from '../module.ts';
import { optionTexts } from '../option-text.ts';
import { quote, whole } from '../values.ts';
import type { TargetOf, TargetPrinters } from './printers.ts';

export const notrack: Module<XtTarget> = { options: {}, build: () => ({ kind: 'notrack' }) };

const ZONES = { '--zone': 'both', '--zone-orig': 'original', '--zone-reply': 'reply' } as const;
const OPTION_OF: Readonly<Record<TargetOf<'ct'>['zoneOf'], string>> = {
  both: '--zone',
  original: '--zone-orig',
  reply: '--zone-reply',
};

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
    const zone = find(given, '--zone', '--zone-orig', '--zone-reply');
    const helper = find(given, '--helper');
    const timeout = find(given, '--timeout');
    return {
      kind: 'ct',
      zone: !zone ? null : arg(zone) === 'mark' ? 'mark' : whole(arg(zone), 65535),
      zoneOf: zone ? ZONES[zone.option as keyof typeof ZONES] : 'both',
      helper: helper ? arg(helper) : null,
      notrack: has(given, '--notrack'),
      timeout: timeout ? arg(timeout) : null,
      events: optionTexts(given.filter((g) => g.option === '--ctevents' || g.option === '--expevents')),
    };
  },
};

export const print: Pick<TargetPrinters, 'notrack' | 'ct'> = {
  notrack: () => '-j NOTRACK',
  ct: (t) =>
    [
      '-j CT',
      ...(t.notrack ? ['--notrack'] : []),
      ...(t.helper === null ? [] : [`--helper ${quote(t.helper)}`]),
      ...(t.timeout === null ? [] : [`--timeout ${quote(t.timeout)}`]),
      ...t.events,
      ...(t.zone === null ? [] : [`${OPTION_OF[t.zoneOf]} ${t.zone}`]),
    ].join(' '),
};
