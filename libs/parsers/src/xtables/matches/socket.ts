/** -m socket */
import type { XtMatch } from '@netverdict/linux-net';
import { has, type Module } from '../module.ts';
import type { MatchPrinters } from './printers.ts';

export const socket: Module<readonly XtMatch[]> = {
  options: { '--transparent': 0, '--nowildcard': 0, '--restore-skmark': 0 },
  build: (given) => [
    {
      kind: 'socket',
      transparent: has(given, '--transparent'),
      nowildcard: has(given, '--nowildcard'),
      restoreSkmark: has(given, '--restore-skmark'),
      negate: false,
    },
  ],
};

export const print: Pick<MatchPrinters, 'socket'> = {
  socket: (m) =>
    `-m socket${m.transparent ? ' --transparent' : ''}${m.nowildcard ? ' --nowildcard' : ''}${m.restoreSkmark ? ' --restore-skmark' : ''}`,
};
