/** What a namespace's state is made of, for tests: devices, routes, rules, sockets, rulesets, with everything that is not said at its usual value. */
import {
  type InterfaceAddress,
  ifIndex,
  ip,
  type Known,
  type Link,
  type LinkDetail,
  type Mac,
  type NetnsState,
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

export const known = <T>(value: T): Known<T> => ({ known: true, value, section: null });
export const missing = (kind: SectionKind, reason = 'not collected'): Known<never> => ({
  known: false,
  kind,
  reason,
  line: null,
});
export const mac = (text: string): Mac => text as Mac;
export const at = (text: string) => ({ line: 1, text });

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
    sysctls: known(
      new Map([
        ['net/ipv4/ip_forward', '0'],
        ['net/ipv6/conf/all/forwarding', '0'],
      ]),
    ),
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
