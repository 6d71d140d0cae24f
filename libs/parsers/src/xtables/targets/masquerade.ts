/** -j MASQUERADE and -j REDIRECT */
import type { Range, XtTarget } from '@netverdict/linux-net';
import { arg, find, type Given, has, type Module } from '../module.ts';
import { printRange } from '../values.ts';
import { printNatFlags } from './nat.ts';
import { portRange } from './nat-range.ts';
import type { TargetPrinters } from './printers.ts';

const portsOf = (given: readonly Given[]): Range | null => {
  const g = find(given, '--to-ports');
  return g ? portRange(arg(g)) : null;
};

export const masquerade: Module<XtTarget> = {
  options: { '--to-ports': 1, '--random': 0, '--random-fully': 0 },
  build: (given) => ({
    kind: 'masquerade',
    ports: portsOf(given),
    random: has(given, '--random'),
    randomFully: has(given, '--random-fully'),
  }),
};

export const redirect: Module<XtTarget> = {
  options: { '--to-ports': 1, '--random': 0 },
  build: (given) => ({ kind: 'redirect', ports: portsOf(given), random: has(given, '--random') }),
};

const printPorts = (ports: Range | null): string => (ports === null ? '' : ` --to-ports ${printRange(ports, '-')}`);
export const print: Pick<TargetPrinters, 'masquerade' | 'redirect'> = {
  masquerade: (t) => `-j MASQUERADE${printPorts(t.ports)}${printNatFlags(t)}`,
  redirect: (t) => `-j REDIRECT${printPorts(t.ports)}${printNatFlags(t)}`,
};
