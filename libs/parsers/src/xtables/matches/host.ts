/** What a rule asks of the host: device groups, route realms, IPsec policies, cgroups, processors, cluster nodes. */
import type { XtMatch } from '@netverdict/linux-net';
import { Malformed } from '../../problem.ts';
import { arg, each, find, type Given, type Module } from '../module.ts';
import { optionText } from '../option-text.ts';
import { hex, not, oneOf, printValueAndMask, quote, valueAndMask, whole } from '../values.ts';
import type { MatchPrinters } from './printers.ts';

/** /etc/iproute2/group names one group everywhere. Other names have no number here. */
const group =
  (side: 'source' | 'destination') =>
  (g: Given): XtMatch | null => {
    const text = arg(g) === 'default' ? '0' : arg(g);
    return /^\d/.test(text) ? { kind: 'devgroup', side, ...valueAndMask(text), negate: g.negate } : null;
  };

export const devgroup: Module<readonly XtMatch[]> = {
  options: { '--src-group': 1, '--dst-group': 1 },
  build: each<XtMatch>({ '--src-group': group('source'), '--dst-group': group('destination') }),
};

export const realm: Module<readonly XtMatch[]> = {
  options: { '--realm': 1 },
  build: each<XtMatch>({
    // A name of /etc/iproute2/rt_realms has no number here.
    '--realm': (g) => {
      // iptables-nft-save names the realm 0 as iproute2 does.
      const text = arg(g) === 'cosmos' ? '0' : arg(g);
      return /^\d/.test(text) ? { kind: 'realm', ...valueAndMask(text), negate: g.negate } : null;
    },
  }),
};

const DIRECTIONS = ['in', 'out'] as const;
const KINDS = ['none', 'ipsec'] as const;

export const policy: Module<readonly XtMatch[]> = {
  options: {
    '--dir': 1,
    '--pol': 1,
    '--strict': 0,
    '--reqid': 1,
    '--spi': 1,
    '--proto': 1,
    '--mode': 1,
    '--tunnel-src': 1,
    '--tunnel-dst': 1,
    '--next': 0,
  },
  build: (given) => {
    const dir = find(given, '--dir');
    const pol = find(given, '--pol');
    if (!dir || !pol) throw new Malformed('-m policy needs --dir and --pol');
    return [
      {
        kind: 'policy',
        dir: oneOf(DIRECTIONS, arg(dir), 'in or out'),
        ipsec: oneOf(KINDS, arg(pol), 'none or ipsec') === 'ipsec',
        options: given.filter((g) => g.option !== '--dir' && g.option !== '--pol').map(optionText),
        negate: false,
      },
    ];
  },
};

export const cgroup: Module<readonly XtMatch[]> = {
  options: { '--cgroup': 1, '--path': 1 },
  build: each<XtMatch>({
    '--cgroup': (g) => ({ kind: 'cgroup', classid: whole(arg(g)), path: null, negate: g.negate }),
    '--path': (g) => ({ kind: 'cgroup', classid: null, path: arg(g), negate: g.negate }),
  }),
};

export const cpu: Module<readonly XtMatch[]> = {
  options: { '--cpu': 1 },
  build: each<XtMatch>({ '--cpu': (g) => ({ kind: 'cpu', cpu: whole(arg(g)), negate: g.negate }) }),
};

export const cluster: Module<readonly XtMatch[]> = {
  options: {
    '--cluster-total-nodes': 1,
    '--cluster-local-node': 1,
    '--cluster-local-nodemask': 1,
    '--cluster-hash-seed': 1,
  },
  build: (given) => {
    const total = find(given, '--cluster-total-nodes');
    const node = find(given, '--cluster-local-node');
    const mask = find(given, '--cluster-local-nodemask');
    const seed = find(given, '--cluster-hash-seed');
    if (!total || !seed || (!node && !mask)) throw new Malformed('-m cluster does not say nodes, node and seed');
    return [
      {
        kind: 'cluster',
        nodemask: mask ? whole(arg(mask)) : node ? (1 << (whole(arg(node), 32) - 1)) >>> 0 : 0,
        total: whole(arg(total), 32),
        seed: whole(arg(seed)),
        negate: (mask ?? node)?.negate ?? false,
      },
    ];
  },
};

export const print: Pick<MatchPrinters, 'devgroup' | 'realm' | 'policy' | 'cgroup' | 'cpu' | 'cluster'> = {
  devgroup: (m) => `-m devgroup ${not(m.negate)}--${m.side === 'source' ? 'src' : 'dst'}-group ${printValueAndMask(m)}`,
  realm: (m) => `-m realm ${not(m.negate)}--realm ${printValueAndMask(m)}`,
  policy: (m) => [`-m policy --dir ${m.dir} --pol ${m.ipsec ? 'ipsec' : 'none'}`, ...m.options].join(' '),
  cgroup: (m) =>
    `-m cgroup ${not(m.negate)}${m.path === null ? `--cgroup ${m.classid ?? 0}` : `--path ${quote(m.path)}`}`,
  cpu: (m) => `-m cpu ${not(m.negate)}--cpu ${m.cpu}`,
  cluster: (m) =>
    `-m cluster ${not(m.negate)}--cluster-local-nodemask ${hex(m.nodemask)} --cluster-total-nodes ${m.total} --cluster-hash-seed ${hex(m.seed)}`,
};
