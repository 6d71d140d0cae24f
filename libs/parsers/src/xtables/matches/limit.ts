/** -m limit */
import type { XtMatch } from '@netverdict/linux-net';
import { arg, find, type Module } from '../module.ts';
import { whole } from '../values.ts';
import type { MatchPrinters } from './printers.ts';

/** Defaults of libxt_limit. */
const RATE = '3/hour';
const BURST = 5;

export const limit: Module<readonly XtMatch[]> = {
  options: { '--limit': 1, '--limit-burst': 1 },
  build: (given) => {
    const rate = find(given, '--limit');
    const burst = find(given, '--limit-burst');
    return [
      {
        kind: 'limit',
        rate: rate ? arg(rate) : RATE,
        burst: burst ? whole(arg(burst)) : BURST,
        negate: rate?.negate ?? false,
      },
    ];
  },
};

export const print: Pick<MatchPrinters, 'limit'> = {
  limit: (m) => `-m limit ${m.negate ? '! ' : ''}--limit ${m.rate} --limit-burst ${m.burst}`,
};
