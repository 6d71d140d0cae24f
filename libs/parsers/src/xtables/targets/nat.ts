/** -j DNAT and -j SNAT */
import type { Family, NatRange, XtTarget } from '@netverdict/linux-net';
import { Malformed } from '../../problem.ts';
import { arg, type Given, has, type Module } from '../module.ts';
import { natRange, printNatRange } from './nat-range.ts';
import type { TargetPrinters } from './printers.ts';

const FLAGS = { '--random': 0, '--random-fully': 0, '--persistent': 0 } as const;

function build(kind: 'dnat' | 'snat', option: string, given: readonly Given[], family: Family): XtTarget | null {
  const ranges = given.filter((g) => g.option === option);
  // Kernels before 2.6.11 took several ranges; and an iptables older than the one that wrote the rule prints
  // options twice, with another option or nothing where the address should stand (hence toleratesMissingValue).
  // Neither can be read with certainty.
  if (ranges.length > 1 || ranges.some((g) => arg(g).startsWith('--') || arg(g) === '')) return null;
  const [range] = ranges;
  if (!range) throw new Malformed(`${kind.toUpperCase()} has no ${option}`);
  return {
    kind,
    to: {
      ...natRange(arg(range), family),
      random: has(given, '--random'),
      randomFully: has(given, '--random-fully'),
      persistent: has(given, '--persistent'),
    },
  };
}

export const dnat: Module<XtTarget> = {
  options: { '--to-destination': 1, ...FLAGS },
  toleratesMissingValue: true,
  build: (given, family) => build('dnat', '--to-destination', given, family),
};
export const snat: Module<XtTarget> = {
  options: { '--to-source': 1, ...FLAGS },
  toleratesMissingValue: true,
  build: (given, family) => build('snat', '--to-source', given, family),
};

export const printNatFlags = (to: Partial<Pick<NatRange, 'random' | 'randomFully' | 'persistent'>>): string =>
  `${to.random ? ' --random' : ''}${to.randomFully ? ' --random-fully' : ''}${to.persistent ? ' --persistent' : ''}`;

export const print: Pick<TargetPrinters, 'dnat' | 'snat'> = {
  dnat: (t) => `-j DNAT --to-destination ${printNatRange(t.to)}${printNatFlags(t.to)}`,
  snat: (t) => `-j SNAT --to-source ${printNatRange(t.to)}${printNatFlags(t.to)}`,
};
