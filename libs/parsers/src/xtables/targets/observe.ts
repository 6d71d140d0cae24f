/** Targets that log, count or classify and let the packet go on unchanged. Their options decide nothing here. */
import type { XtTarget } from '@netverdict/linux-net';
import type { Module } from '../module.ts';
import type { TargetOf, TargetPrinters } from './printers.ts';

type Name = TargetOf<'observe'>['name'];
const NAMES: Readonly<Record<Name, true>> = {
  LOG: true,
  NFLOG: true,
  ULOG: true,
  TRACE: true,
  AUDIT: true,
  CHECKSUM: true,
  CLASSIFY: true,
  SECMARK: true,
};
export const observeNames = Object.keys(NAMES) as readonly Name[];

export const observe = (name: Name): Module<XtTarget> => ({
  options: 'any',
  build: () => ({ kind: 'observe', name }),
});

export const print: Pick<TargetPrinters, 'observe'> = { observe: (t) => `-j ${t.name}` };
