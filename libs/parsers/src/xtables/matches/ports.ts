/** --sport and --dport of tcp, udp and their like. */
import type { XtMatch } from '@netverdict/linux-net';
import { arg, type Given } from '../module.ts';
import { not, printRange, range } from '../values.ts';
import type { MatchPrinters, PrintContext } from './printers.ts';

export const PORT_OPTIONS = { '--sport': 1, '--source-port': 1, '--dport': 1, '--destination-port': 1 } as const;

const sport = (g: Given): XtMatch => ({ kind: 'sport', range: range(arg(g)), negate: g.negate });
const dport = (g: Given): XtMatch => ({ kind: 'dport', range: range(arg(g)), negate: g.negate });
export const portMatches = { '--sport': sport, '--source-port': sport, '--dport': dport, '--destination-port': dport };

const MODULES: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp', 33: 'dccp', 132: 'sctp', 136: 'udplite' };
const moduleOf = (context: PrintContext): string => MODULES[context.protocol ?? 6] ?? 'tcp';

export const print: Pick<MatchPrinters, 'sport' | 'dport'> = {
  sport: (m, context) => `-m ${moduleOf(context)} ${not(m.negate)}--sport ${printRange(m.range)}`,
  dport: (m, context) => `-m ${moduleOf(context)} ${not(m.negate)}--dport ${printRange(m.range)}`,
};
