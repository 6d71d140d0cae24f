/** Targets that log, count or classify and let the packet go on unchanged. Their options decide nothing here. */
import type { Observer, XtTarget } from '@netverdict/linux-net';
import type { Module } from '../module.ts';
import { type Arity, optionTexts } from '../option-text.ts';
import type { TargetPrinters } from './printers.ts';

const OPTIONS: Readonly<Record<Observer, Arity>> = {
  LOG: {
    '--log-level': 1,
    '--log-prefix': 1,
    '--log-tcp-sequence': 0,
    '--log-tcp-options': 0,
    '--log-ip-options': 0,
    '--log-uid': 0,
    '--log-macdecode': 0,
  },
  NFLOG: { '--nflog-group': 1, '--nflog-prefix': 1, '--nflog-range': 1, '--nflog-size': 1, '--nflog-threshold': 1 },
  ULOG: { '--ulog-nlgroup': 1, '--ulog-prefix': 1, '--ulog-cprange': 1, '--ulog-qthreshold': 1 },
  TRACE: {},
  AUDIT: { '--type': 1 },
  CHECKSUM: { '--checksum-fill': 0 },
  CLASSIFY: { '--set-class': 1 },
  SECMARK: { '--selctx': 1 },
  CONNSECMARK: { '--save': 0, '--restore': 0 },
  IDLETIMER: { '--timeout': 1, '--label': 1, '--alarm': 0 },
  RATEEST: { '--rateest-name': 1, '--rateest-interval': 1, '--rateest-ewmalog': 1 },
  LED: { '--led-trigger-id': 1, '--led-delay': 1, '--led-always-blink': 0 },
  // No host here refuses a handshake for want of options or of ECN.
  TCPOPTSTRIP: { '--strip-options': 1 },
  ECN: { '--ecn-tcp-remove': 0 },
};
export const observeNames = Object.keys(OPTIONS) as readonly Observer[];

export const observe = (name: Observer): Module<XtTarget> => ({
  options: OPTIONS[name],
  build: (given) => ({ kind: 'observe', name, options: optionTexts(given) }),
});

export const print: Pick<TargetPrinters, 'observe'> = {
  observe: (t) => [`-j ${t.name}`, ...t.options].join(' '),
};
