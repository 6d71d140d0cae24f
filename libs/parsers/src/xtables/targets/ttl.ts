/** -j TTL (IPv4) and -j HL (IPv6) */
import type { XtTarget } from '@netverdict/linux-net';
import { Malformed } from '../../problem.ts';
import { arg, type Module } from '../module.ts';
import { whole } from '../values.ts';
import type { TargetPrinters } from './printers.ts';

const OPS = { set: 'set', inc: 'inc', dec: 'dec' } as const;
const module = (name: 'ttl' | 'hl'): Module<XtTarget> => ({
  options: { [`--${name}-set`]: 1, [`--${name}-inc`]: 1, [`--${name}-dec`]: 1 },
  build: (given) => {
    const g = given.at(-1);
    const op = OPS[(g?.option ?? '').slice(`--${name}-`.length) as keyof typeof OPS];
    if (!g || !op) throw new Malformed(`${name.toUpperCase()} does not say what to do`);
    return { kind: 'ttl', op, value: whole(arg(g), 255) };
  },
});
export const ttl = module('ttl');
export const hl = module('hl');

export const print: Pick<TargetPrinters, 'ttl'> = {
  ttl: (t, family) => {
    const name = family === 'ipv4' ? 'ttl' : 'hl';
    return `-j ${name.toUpperCase()} --${name}-${t.op} ${t.value}`;
  },
};
