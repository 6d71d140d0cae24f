/** -m sctp: ports and chunk types. */
import type { XtMatch } from '@netverdict/linux-net';
import { arg, each, type Module } from '../module.ts';
import { not, oneOf } from '../values.ts';
import { PORT_OPTIONS, portMatches } from './ports.ts';
import type { MatchPrinters } from './printers.ts';

const HOW = ['all', 'any', 'only'] as const;

export const sctp: Module<readonly XtMatch[]> = {
  options: { ...PORT_OPTIONS, '--chunk-types': 2 },
  build: each<XtMatch>({
    ...portMatches,
    '--chunk-types': (g) => ({
      kind: 'sctp-chunks',
      how: oneOf(HOW, arg(g), 'all, any or only'),
      chunks: arg(g, 1).split(','),
      negate: g.negate,
    }),
  }),
};

export const print: Pick<MatchPrinters, 'sctp-chunks'> = {
  'sctp-chunks': (m) => `-m sctp ${not(m.negate)}--chunk-types ${m.how} ${m.chunks.join(',')}`,
};
