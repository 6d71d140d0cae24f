/**
 * A cluster of two nodes as flanneld, the bridge plugin and a kernel would leave it, for tests: pods on cni0,
 * vxlan between the nodes (or routes through them), no rules but those that the test gives.
 */
import {
  type ClusterMap,
  type FdbEntry,
  hostKey,
  ifIndex,
  ip,
  type Mac,
  type Neighbour,
  type NetnsState,
  podKey,
  type Route,
} from '@netverdict/linux-net';
import { compileNamespace } from '../world/compiled.ts';
import { buildWorld, type World, type WorldNamespace } from '../world/world.ts';
import { address, at, emptyState, known, link, listener, mac, route } from './parts.ts';

export * from './parts.ts';

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

export const FORWARDING_PORT = {
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
          sums: { ipv4: false, ipv6: true },
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
