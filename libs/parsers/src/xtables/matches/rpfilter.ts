/** -m rpfilter */
import type { XtMatch } from '@netverdict/linux-net';
import { has, type Module } from '../module.ts';
import type { MatchPrinters } from './printers.ts';

export const rpfilter: Module<readonly XtMatch[]> = {
  options: { '--loose': 0, '--validmark': 0, '--accept-local': 0, '--invert': 0 },
  build: (given) => [
    {
      kind: 'rpfilter',
      loose: has(given, '--loose'),
      validmark: has(given, '--validmark'),
      acceptLocal: has(given, '--accept-local'),
      invert: has(given, '--invert'),
      negate: false,
    },
  ],
};

export const print: Pick<MatchPrinters, 'rpfilter'> = {
  rpfilter: (m) =>
    `-m rpfilter${m.loose ? ' --loose' : ''}${m.validmark ? ' --validmark' : ''}${m.acceptLocal ? ' --accept-local' : ''}${m.invert ? ' --invert' : ''}`,
};
