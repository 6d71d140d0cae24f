/** Modules of which only the options' text is kept: what they ask is answered by the module's name alone. */
import type { AbsentHeader, ModuleText, Untellable, XtMatch } from '@netverdict/linux-net';
import { Malformed } from '../../problem.ts';
import type { Module } from '../module.ts';
import { type Arity, optionTexts } from '../option-text.ts';
import type { MatchPrinters } from './printers.ts';

type ByText = AbsentHeader | Untellable;

const hashlimit = (name: string): string => `--hashlimit-${name}`;
const SRH = ['next-hdr', 'hdr-len-eq', 'hdr-len-gt', 'hdr-len-lt', 'segs-left-eq', 'segs-left-gt', 'segs-left-lt'];
const SRH_REST = ['last-entry-eq', 'last-entry-gt', 'last-entry-lt', 'tag', 'psid', 'nsid', 'lsid'];
const ones = (names: readonly string[]): Arity => Object.fromEntries(names.map((name) => [name, 1]));

/** iptables-extensions(8). dccp's ports are matches of their own: dccp.ts. */
const OPTIONS: Readonly<Record<Exclude<ByText, 'dccp'>, Arity>> = {
  ah: { '--ahspi': 1, '--ahlen': 1, '--ahres': 0 },
  esp: { '--espspi': 1 },
  ipcomp: { '--ipcompspi': 1, '--compres': 0 },
  frag: { '--fragid': 1, '--fraglen': 1, '--fragres': 0, '--fragfirst': 0, '--fragmore': 0, '--fraglast': 0 },
  hbh: { '--hbh-len': 1, '--hbh-opts': 1 },
  dst: { '--dst-len': 1, '--dst-opts': 1 },
  rt: {
    '--rt-type': 1,
    '--rt-segsleft': 1,
    '--rt-len': 1,
    '--rt-0-res': 0,
    '--rt-0-addrs': 1,
    '--rt-0-not-strict': 0,
  },
  mh: { '--mh-type': 1 },
  srh: ones([...SRH, ...SRH_REST].map((name) => `--srh-${name}`)),
  bpf: { '--bytecode': 1, '--object-pinned': 1 },
  string: { '--from': 1, '--to': 1, '--algo': 1, '--string': 1, '--hex-string': 1, '--icase': 0 },
  hashlimit: {
    ...ones(
      [
        'upto',
        'above',
        'burst',
        'mode',
        'name',
        'srcmask',
        'dstmask',
        'htable-size',
        'htable-max',
        'htable-expire',
        'htable-gcinterval',
        'rate-interval',
      ].map(hashlimit),
    ),
    '--hashlimit': 1,
    '--hashlimit-rate-match': 0,
  },
  quota: { '--quota': 1 },
  rateest: {
    ...ones(['', '1', '2', '-bps', '-bps1', '-bps2', '-pps', '-pps1', '-pps2'].map((end) => `--rateest${end}`)),
    '--rateest-delta': 0,
    '--rateest-lt': 0,
    '--rateest-gt': 0,
    '--rateest-eq': 0,
  },
  osf: { '--genre': 1, '--ttl': 1, '--log': 1 },
  time: {
    ...ones(['--datestart', '--datestop', '--timestart', '--timestop', '--monthdays', '--weekdays']),
    '--contiguous': 0,
    '--kerneltz': 0,
    '--utc': 0,
    '--localtz': 0,
  },
  l2tp: { '--tid': 1, '--sid': 1, '--pversion': 1, '--type': 1 },
};

/** Without one of these iptables refuses the rule. */
const NEEDS: Partial<Record<ByText, readonly string[]>> = {
  bpf: ['--bytecode', '--object-pinned'],
  string: ['--string', '--hex-string'],
  hashlimit: ['--hashlimit-upto', '--hashlimit-above', '--hashlimit'],
  osf: ['--genre'],
  rateest: ['--rateest', '--rateest1'],
};

export const textModules: readonly (readonly [string, Module<readonly XtMatch[]>])[] = (
  Object.keys(OPTIONS) as (keyof typeof OPTIONS)[]
).map((kind) => [
  kind,
  {
    options: OPTIONS[kind],
    build: (given) => {
      const needs = NEEDS[kind];
      if (needs && !given.some((g) => needs.includes(g.option)))
        throw new Malformed(`-m ${kind} has none of ${needs.join(', ')}`);
      return [{ kind, options: optionTexts(given), negate: false }];
    },
  },
]);

const text = (m: ModuleText<ByText>): string => [`-m ${m.kind}`, ...m.options].join(' ');
export const print: Pick<MatchPrinters, ByText> = {
  ah: text,
  esp: text,
  ipcomp: text,
  dccp: text,
  frag: text,
  hbh: text,
  dst: text,
  rt: text,
  mh: text,
  srh: text,
  bpf: text,
  string: text,
  hashlimit: text,
  quota: text,
  rateest: text,
  osf: text,
  time: text,
  l2tp: text,
};
