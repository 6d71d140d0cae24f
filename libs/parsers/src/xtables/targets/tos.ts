/** -j TOS and -j DSCP */
import type { XtTarget } from '@netverdict/linux-net';
import { Malformed } from '../../problem.ts';
import { dscpClass } from '../matches/dscp.ts';
import { tosValue } from '../matches/tos.ts';
import { arg, type Module } from '../module.ts';
import { hex, printValueAndMask, whole } from '../values.ts';
import type { TargetPrinters } from './printers.ts';

/** The forms reduce to (tos & ~mask) ^ value, as those of MARK do. */
export const tos: Module<XtTarget> = {
  options: { '--set-tos': 1, '--and-tos': 1, '--or-tos': 1, '--xor-tos': 1 },
  build: (given) => {
    const g = given.at(-1);
    if (!g) throw new Malformed('TOS does not say which value');
    const text = arg(g);
    if (g.option === '--set-tos') return { kind: 'tos', ...tosValue(text) };
    const value = whole(text, 255);
    if (g.option === '--and-tos') return { kind: 'tos', value: 0, mask: ~value & 0xff };
    return { kind: 'tos', value, mask: g.option === '--or-tos' ? value : 0 };
  },
};

export const dscp: Module<XtTarget> = {
  options: { '--set-dscp': 1, '--set-dscp-class': 1 },
  build: (given) => {
    const g = given.at(-1);
    if (!g) throw new Malformed('DSCP does not say which value');
    return { kind: 'dscp', value: g.option === '--set-dscp' ? whole(arg(g), 63) : dscpClass(arg(g)) };
  },
};

export const print: Pick<TargetPrinters, 'tos' | 'dscp'> = {
  tos: (t) => `-j TOS --set-tos ${printValueAndMask(t)}`,
  dscp: (t) => `-j DSCP --set-dscp ${hex(t.value)}`,
};
