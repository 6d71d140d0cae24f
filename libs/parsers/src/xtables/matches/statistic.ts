/** -m statistic */
import type { XtMatch } from '@netverdict/linux-net';
import { Malformed } from '../../problem.ts';
import { arg, find, type Module } from '../module.ts';
import { not, whole } from '../values.ts';
import type { MatchPrinters } from './printers.ts';

export const statistic: Module<readonly XtMatch[]> = {
  options: { '--mode': 1, '--probability': 1, '--every': 1, '--packet': 1 },
  build: (given) => {
    const probability = find(given, '--probability');
    const every = find(given, '--every');
    const packet = find(given, '--packet');
    if (probability) {
      const value = Number(arg(probability));
      if (!(value >= 0 && value <= 1)) throw new Malformed(`"${arg(probability)}" is not a probability`);
      return [{ kind: 'statistic-random', probability: value, negate: probability.negate }];
    }
    if (!every) throw new Malformed('-m statistic has neither --probability nor --every');
    const negate = every.negate;
    return [{ kind: 'statistic-nth', every: whole(arg(every)), packet: packet ? whole(arg(packet)) : 0, negate }];
  },
};

export const print: Pick<MatchPrinters, 'statistic-random' | 'statistic-nth'> = {
  'statistic-random': (m) => `-m statistic --mode random ${not(m.negate)}--probability ${m.probability.toFixed(11)}`,
  'statistic-nth': (m) => `-m statistic --mode nth ${not(m.negate)}--every ${m.every} --packet ${m.packet}`,
};
