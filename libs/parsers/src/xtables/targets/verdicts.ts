/** ACCEPT, DROP, RETURN, and jumps to chains: what needs no module. */
import type { XtTarget } from '@netverdict/linux-net';
import { quote } from '../values.ts';
import type { TargetPrinters } from './printers.ts';

export const STANDARD: ReadonlyMap<string, XtTarget> = new Map<string, XtTarget>([
  ['ACCEPT', { kind: 'accept' }],
  ['DROP', { kind: 'drop' }],
  ['RETURN', { kind: 'return' }],
]);

export const print: Pick<TargetPrinters, 'accept' | 'drop' | 'return' | 'jump' | 'goto'> = {
  accept: () => '-j ACCEPT',
  drop: () => '-j DROP',
  return: () => '-j RETURN',
  jump: (t) => `-j ${quote(t.chain)}`,
  goto: (t) => `-g ${quote(t.chain)}`,
};
