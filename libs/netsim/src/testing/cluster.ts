/**
 * A cluster of two nodes as flanneld, the bridge plugin and a kernel would leave it, for tests: pods on cni0,
 * vxlan between the nodes (or routes through them), no rules but those that the test gives.
 */
import {
  type ClusterMap,
  type FdbEntry,
  hostKey,
  type InterfaceAddress,
  ifIndex,
  ip,
  type Known,
  type Link,
  type LinkDetail,
  type Mac,
  type Neighbour,
  type NetnsState,
  podKey,
  prefix,
  type Route,
  type Rule,
  type SectionKind,
  type Socket,
  type XtChain,
  type XtMatch,
  type XtRule,
  type XtRuleset,
  type XtTableName,
  type XtTarget,
} from '@netverdict/linux-net';
import { compileNamespace } from '../world/compiled.ts';
import { buildWorld, type World, type WorldNamespace } from '../world/world.ts';

export const known = <T>(value: T): Known<T> => ({ known: true, value, section: null });
export const missing = (kind: SectionKind, reason = 'not collected'): Known<never> => ({
  known: false,
  kind,
  reason,
  line: null,
});
export const mac = (text: string): Mac => text as Mac;
const at = (text: string) => ({ line: 1, text });

export function link(ifindex: number, name: string, detail: LinkDetail, more: Partial<Link> = {}): Link {
  return {
    ifindex: ifIndex(ifindex),
    name,
    up: true,
    carrier: true,
    noarp: false,
    loopback: detail.kind === 'loopback',
    multicast: detail.kind !== 'loopback',
    operstate: 'up',
    mtuBytes: 1500,
    mac: mac(`02:00:00:00:00:${ifindex.toString(16).padStart(2, '0')}`),
    master: null,
    link: null,
    linkNetnsid: null,
    detail,
    bridgePort: null,
    ...more,
  };
}

export function route(
  destination: string,
  dev: number,
  more: { via?: string; table?: number; type?: Route['type']; metric?: number } = {},
): Route {
  const type = more.type ?? 'unicast';
  return {
    family: prefix(destination).family,
    type,
    destination: prefix(destination),
    table: more.table ?? 254,
    tos: 0,
    metric: more.metric ?? 0,
    scope: more.via ? 0 : type === 'local' ? 254 : 253,
    protocol: 'static',
    prefsrc: null,
    mtuBytes: null,
    mtuLocked: false,
    nexthops: ['blackhole', 'unreachable', 'prohibit', 'throw'].includes(type)
      ? []
      : [
          {
            via: more.via ? ip(more.via) : null,
            dev: ifIndex(dev),
            weight: 1,
            onlink: false,
            dead: false,
            linkdown: false,
            encap: null,
          },
        ],
    nhid: null,
    source: null,
    evidence: at(`${destination} dev ${dev}`),
  };
}

const rule = (priority: number, table: number): Rule => ({
  family: 'ipv4',
  priority,
  invert: false,
  from: null,
  to: null,
  iif: null,
  oif: null,
  fwmark: null,
  tos: null,
  ipproto: null,
  sport: null,
  dport: null,
  uidrange: null,
  l3mdev: false,
  suppressPrefixLength: null,
  suppressIfGroup: null,
  action: { kind: 'lookup', table },
  evidence: at(`${priority}: from all lookup ${table}`),
});
export const DEFAULT_RULES: readonly Rule[] = [rule(0, 255), rule(32766, 254), rule(32767, 253)];
export const policyRule = (priority: number, table: number, more: Partial<Rule>): Rule => ({
  ...rule(priority, table),
  ...more,
});

export function address(ifindex: number, text: string): InterfaceAddress {
  const [host = '', length = '32'] = text.split('/');
  return {
    ifindex: ifIndex(ifindex),
    address: ip(host),
    prefixLength: Number(length),
    peer: null,
    broadcast: null,
    scope: host.startsWith('127.') ? 254 : 0,
    secondary: false,
    tentative: false,
    dadFailed: false,
    deprecated: false,
    noPrefixRoute: false,
  };
}

export const listener = (protocol: 'tcp' | 'udp', port: number, on = '0.0.0.0'): Socket => ({
  protocol,
  family: on.includes(':') ? 'ipv6' : 'ipv4',
  local: { address: ip(on), port },
  remote: null,
  state: protocol === 'tcp' ? 'listen' : 'unconnected',
  v6only: null,
  dev: null,
  acceptQueue: null,
  receiveBuffer: null,
  transparent: null,
  process: null,
  line: 1,
});

export function emptyState(more: Partial<NetnsState> = {}): NetnsState {
  return {
    links: known([link(1, 'lo', { kind: 'loopback' })]),
    addresses: known([address(1, '127.0.0.1/8')]),
    routes4: known([route('127.0.0.0/8', 1, { table: 255, type: 'local' })]),
    routes6: known([]),
    rules4: known(DEFAULT_RULES),
    rules6: known(DEFAULT_RULES),
    neighbours: known([]),
    fdb: known([]),
    netnsIds: known([]),
    iptablesLegacy: known(ruleset('legacy', {})),
    iptablesNft: known(ruleset('nft', {})),
    ip6tablesLegacy: known({ variant: 'legacy', family: 'ipv6', tables: [] }),
    ip6tablesNft: known({ variant: 'nft', family: 'ipv6', tables: [] }),
    nftables: known({ tables: [] }),
    netfilterHooks: known(null),
    ipsets: known([]),
    sockets: known([]),
    sysctls: known(new Map()),
    conntrack: known([]),
    conntrackTable: known({ count: 0, max: 262144 }),
    programs: known([]),
    ...more,
  };
}

export type RuleSpec = {
  readonly matches?: readonly XtMatch[];
  readonly target: XtTarget | null;
  readonly comment?: string;
};
/** Table to chain to rules; `policy` of a base chain as a chain named `FORWARD:DROP`. */
export type Tables = { readonly [T in XtTableName]?: Readonly<Record<string, readonly RuleSpec[]>> };
const BASE = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];

export function ruleset(variant: 'legacy' | 'nft', tables: Tables): XtRuleset {
  let line = 0;
  return {
    variant,
    family: 'ipv4',
    tables: Object.entries(tables).map(([name, chains]) => ({
      name: name as XtTableName,
      chains: Object.entries(chains ?? {}).map(([spec, rules]): XtChain => {
        const [chain = '', policy] = spec.split(':');
        const built = rules.map(
          (r, i): XtRule => ({
            number: i + 1,
            line: ++line,
            text: `-A ${chain} -m comment --comment "rule ${i + 1}" -j ${(r.target?.kind ?? '').toUpperCase()}`,
            matches: r.matches ?? [],
            target: r.target,
            comment: r.comment ?? null,
          }),
        );
        return {
          name: chain,
          policy: BASE.includes(chain) ? (policy === 'DROP' ? 'DROP' : 'ACCEPT') : null,
          rules: built,
          line: ++line,
        };
      }),
    })),
  };
}

type Edit = (state: NetnsState) => NetnsState;
export interface ClusterOptions {
  readonly mode?: 'vxlan' | 'host-gw';
  /** Changes by namespace key, after all else. */
  readonly edit?: Readonly<Record<string, Edit>>;
  /** Namespaces that were not collected. */
  readonly without?: readonly string[];
  readonly unavailable?: Readonly<Record<string, string>>;
  readonly services?: ClusterMap['services'];
}

const FORWARDING = new Map([
  ['net/ipv4/ip_forward', '1'],
  ['net/bridge/bridge-nf-call-iptables', '1'],
]);
const vtep = (n: number): Mac => mac(`0a:00:00:00:00:0${n}`);
const podInode = (n: number, i: number): number => 1000 * n + i;

/** Nodes node-1 and node-2 (172.18.0.11, .12), pods a, b on each (10.244.N.2, .3), each listening on tcp/80 and udp/53. */
export function cluster(options: ClusterOptions = {}): World {
  const namespaces: WorldNamespace[] = [];
  for (const n of [1, 2]) {
    namespaces.push(
      namespace(hostKey(`node-${n}`), `node-${n}`, null, 1000 * n, host(n, options.mode ?? 'vxlan'), options),
    );
    for (const [i, name] of ['a', 'b'].entries())
      namespaces.push(
        namespace(
          podKey(`node-${n}`, 'shop', `${name}-${n}`),
          `node-${n}`,
          `${name}-${n}`,
          podInode(n, i + 2),
          pod(n, i + 2),
          options,
        ),
      );
  }
  const unavailable = options.unavailable ?? {};
  return buildWorld({
    namespaces: namespaces.filter((ns) => !options.without?.includes(ns.key) && !(ns.node in unavailable)),
    nodes: [1, 2].map((n) => ({ node: `node-${n}`, unavailable: unavailable[`node-${n}`] ?? null })),
    map: {
      nodes: [1, 2].map((n) => ({ name: `node-${n}`, addresses: [`172.18.0.1${n}`], podCidrs: [`10.244.${n}.0/24`] })),
      pods: [1, 2].flatMap((n) =>
        ['a', 'b'].map((name, i) => ({
          namespace: 'shop',
          name: `${name}-${n}`,
          node: `node-${n}`,
          addresses: [`10.244.${n}.${i + 2}`],
          hostNetwork: false,
          phase: 'Running',
          ready: true,
        })),
      ),
      services: options.services ?? [],
      podCidrs: ['10.244.0.0/16'],
      serviceCidrs: ['10.96.0.0/16'],
    },
  });
}

function namespace(
  key: string,
  node: string,
  name: string | null,
  inode: number,
  state: NetnsState,
  options: ClusterOptions,
): WorldNamespace {
  const edited = options.edit?.[key]?.(state) ?? state;
  return {
    key,
    node,
    kind: name ? 'pod' : 'host',
    pod: name ? { namespace: 'shop', name } : null,
    inode,
    net: compileNamespace(edited),
  };
}

const FORWARDING_PORT = {
  state: 'forwarding',
  hairpin: true,
  isolated: false,
  learning: true,
  flood: true,
  broadcastFlood: true,
  multicastFlood: true,
  proxyArp: false,
  proxyArpWifi: false,
  neighSuppress: false,
  locked: false,
  vlans: null,
} as const;

function host(n: number, mode: 'vxlan' | 'host-gw'): NetnsState {
  const other = 3 - n;
  const tunnel = mode === 'vxlan';
  const links = [
    link(1, 'lo', { kind: 'loopback' }),
    link(2, 'eth0', { kind: 'physical' }, { mac: mac(`02:00:00:00:01:0${n}`) }),
    link(
      3,
      'cni0',
      {
        kind: 'bridge',
        vlanFiltering: false,
        nfCallIptables: false,
        nfCallIp6tables: false,
        stp: false,
        defaultPvid: 1,
      },
      { mac: mac(`02:00:00:00:02:0${n}`) },
    ),
    ...[2, 3].map((i) =>
      link(
        10 + i,
        `veth${i}`,
        { kind: 'veth' },
        {
          master: ifIndex(3),
          link: ifIndex(2),
          linkNetnsid: i,
          bridgePort: FORWARDING_PORT,
          mac: mac(`02:00:00:00:03:${n}${i}`),
        },
      ),
    ),
  ];
  if (tunnel)
    links.push(
      link(
        4,
        'flannel.1',
        {
          kind: 'vxlan',
          vni: 1,
          dstPort: 8472,
          local: ip(`172.18.0.1${n}`),
          remote: null,
          underlay: ifIndex(2),
          learning: false,
          external: false,
          proxy: false,
          df: 'unset',
          ttl: 0,
          tos: 0,
          extended: false,
        },
        { mac: vtep(n), mtuBytes: 1450 },
      ),
    );
  const local = (text: string, dev: number): Route => route(text, dev, { table: 255, type: 'local' });
  const neighbour: Neighbour = {
    address: ip(`10.244.${other}.0`),
    dev: ifIndex(4),
    mac: vtep(other),
    state: 'permanent',
    proxy: false,
    router: false,
    evidence: at('neigh'),
  };
  const fdb: FdbEntry = {
    mac: vtep(other),
    dev: ifIndex(4),
    master: null,
    vlan: null,
    dst: ip(`172.18.0.1${other}`),
    vni: null,
    port: null,
    via: null,
    permanent: true,
    isStatic: true,
    evidence: at('fdb'),
  };
  return emptyState({
    links: known(links),
    addresses: known([
      address(1, '127.0.0.1/8'),
      address(2, `172.18.0.1${n}/24`),
      address(3, `10.244.${n}.1/24`),
      ...(tunnel ? [address(4, `10.244.${n}.0/32`)] : []),
    ]),
    routes4: known([
      local('127.0.0.0/8', 1),
      local(`172.18.0.1${n}/32`, 2),
      local(`10.244.${n}.1/32`, 3),
      ...(tunnel ? [local(`10.244.${n}.0/32`, 4)] : []),
      route('0.0.0.0/0', 2, { via: '172.18.0.1' }),
      route('172.18.0.0/24', 2),
      route(`10.244.${n}.0/24`, 3),
      route(`10.244.${other}.0/24`, tunnel ? 4 : 2, { via: tunnel ? `10.244.${other}.0` : `172.18.0.1${other}` }),
    ]),
    neighbours: known(tunnel ? [neighbour] : []),
    fdb: known(tunnel ? [fdb] : []),
    netnsIds: known([2, 3].map((i) => ({ nsid: i, inode: podInode(n, i) }))),
    sysctls: known(FORWARDING),
    sockets: known([listener('tcp', 80)]),
  });
}

function pod(n: number, i: number): NetnsState {
  return emptyState({
    links: known([
      link(1, 'lo', { kind: 'loopback' }),
      link(
        2,
        'eth0',
        { kind: 'veth' },
        { link: ifIndex(10 + i), linkNetnsid: 0, mac: mac(`02:00:00:00:04:${n}${i}`), mtuBytes: 1450 },
      ),
    ]),
    addresses: known([address(1, '127.0.0.1/8'), address(2, `10.244.${n}.${i}/24`)]),
    routes4: known([
      route('127.0.0.0/8', 1, { table: 255, type: 'local' }),
      route(`10.244.${n}.${i}/32`, 2, { table: 255, type: 'local' }),
      route('0.0.0.0/0', 2, { via: `10.244.${n}.1` }),
      route(`10.244.${n}.0/24`, 2),
    ]),
    netnsIds: known([{ nsid: 0, inode: 1000 * n }]),
    sockets: known([listener('tcp', 80), listener('udp', 53)]),
  });
}
