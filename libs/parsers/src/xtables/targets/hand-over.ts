/** Targets that give the packet, or a copy, to somebody else: NFQUEUE, TEE, SYNPROXY; and HMARK, which marks by a hash. */
import { formatIp, type XtTarget } from '@netverdict/linux-net';
import { Malformed } from '../../problem.ts';
import { arg, find, has, type Module } from '../module.ts';
import { optionTexts } from '../option-text.ts';
import { addressOf, printRange, quote, range } from '../values.ts';
import type { TargetPrinters } from './printers.ts';

export const nfqueue: Module<XtTarget> = {
  options: { '--queue-num': 1, '--queue-balance': 1, '--queue-bypass': 0, '--queue-cpu-fanout': 0 },
  build: (given) => {
    const g = find(given, '--queue-num', '--queue-balance');
    return {
      kind: 'nfqueue',
      queues: g ? range(arg(g)) : { from: 0, to: 0 },
      bypass: has(given, '--queue-bypass'),
      cpuFanout: has(given, '--queue-cpu-fanout'),
    };
  },
};

export const tee: Module<XtTarget> = {
  options: { '--gateway': 1, '--oif': 1 },
  build: (given, family) => {
    const gateway = find(given, '--gateway');
    const oif = find(given, '--oif');
    if (!gateway) throw new Malformed('TEE has no --gateway');
    return { kind: 'tee', gateway: addressOf(arg(gateway), family), oif: oif ? arg(oif) : null };
  },
};

export const synproxy: Module<XtTarget> = {
  options: { '--sack-perm': 0, '--timestamp': 0, '--wscale': 1, '--mss': 1, '--ecn': 0 },
  build: (given) => ({ kind: 'synproxy', options: optionTexts(given) }),
};

const HMARK = 'tuple mod offset rnd src-prefix dst-prefix sport-mask dport-mask spi-mask proto-mask sport dport spi';

export const hmark: Module<XtTarget> = {
  options: Object.fromEntries(HMARK.split(' ').map((name) => [`--hmark-${name}`, 1])),
  build: (given) => ({ kind: 'hmark', options: optionTexts(given) }),
};

export const print: Pick<TargetPrinters, 'nfqueue' | 'tee' | 'synproxy' | 'hmark'> = {
  nfqueue: (t) =>
    `-j NFQUEUE ${t.queues.from === t.queues.to ? '--queue-num' : '--queue-balance'} ${printRange(t.queues)}${t.bypass ? ' --queue-bypass' : ''}${t.cpuFanout ? ' --queue-cpu-fanout' : ''}`,
  tee: (t) => `-j TEE --gateway ${formatIp(t.gateway)}${t.oif === null ? '' : ` --oif ${quote(t.oif)}`}`,
  synproxy: (t) => ['-j SYNPROXY', ...t.options].join(' '),
  hmark: (t) => ['-j HMARK', ...t.options].join(' '),
};
