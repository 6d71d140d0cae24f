/** A node whose bridge has ports of several settings, with a host behind each; every packet goes from one host to another. */
import { PLAIN_FLOW } from '../../world/defaults.ts';
import type { FlowSpec } from '../../world/spec.ts';
import { address, FAMILIES, v4, v6 } from '../addresses.ts';
import { addAddresses, addNamespace, addRoute, type Draft, type DraftNamespace } from '../draft.ts';
import { listenEverywhere, PORTS_OPEN } from './wide.ts';

interface Bridge {
  readonly draft: Draft;
  readonly n: DraftNamespace;
  readonly hosts: Host[];
}

interface Host {
  readonly ns: DraftNamespace;
  readonly number: number;
  readonly port: string;
  readonly mac: string;
}

/** Hosts with a setting of their ports, and the packets that it decides. */
interface Setting {
  lay(bridge: Bridge): readonly Host[];
  /** Who sends to whom: of its hosts, and others. */
  packet?(bridge: Bridge, own: readonly Host[], packet: FlowSpec): FlowSpec | null;
}

const SUBNET = 1;

function addHost({ draft, n, hosts }: Bridge, port: string | null): Host {
  const number = hosts.length + 1;
  const ns = addNamespace(draft, `h${number}`, { router: false });
  const host = { ns, number, port: `p${number}`, mac: `02:00:00:00:01:0${number}` };
  n.links.push(`link add ${host.port} type veth peer name eth0 address ${host.mac} netns {${ns.name}}`);
  // What a port lets in is settled before it has a carrier: hosts that come up speak of themselves.
  n.ip.push(
    `link set ${host.port} master br0`,
    ...(port === null ? [] : [`link set ${host.port} type bridge_slave ${port}`]),
    `link set ${host.port} up`,
  );
  ns.ip.push('link set eth0 up');
  addAddresses(ns, 'eth0', SUBNET, number);
  addRoute(ns, 'default', SUBNET, 254);
  hosts.push(host);
  n.devices.push({ name: host.port, subnet: null, host: null });
  return host;
}

const one = (port: string): Setting => ({ lay: (bridge) => [addHost(bridge, port)] });

const isolated: Setting = {
  lay: (bridge) => [addHost(bridge, 'isolated on'), addHost(bridge, 'isolated on')],
  packet: ({ draft: { random } }, [a, b], packet) =>
    a && b ? between(random.chance(0.5) ? [a, b] : [b, a], packet) : null,
};

const locked: Setting = {
  lay: (bridge) => {
    const host = addHost(bridge, 'locked on learning off');
    if (bridge.draft.random.chance(0.6)) bridge.n.bridge.push(`fdb add ${host.mac} dev ${host.port} master static`);
    return [host];
  },
};

const blocked: Setting = {
  lay: (bridge) => {
    const host = addHost(bridge, null);
    bridge.n.bridge.push(`link set dev ${host.port} state ${bridge.draft.random.pick([1, 2, 4])}`);
    return [host];
  },
};

/** The bridge takes the host to be behind another port: for good, or until it hears from it. */
const misplaced = (how: 'sticky' | 'silent'): Setting => ({
  lay: (bridge) => {
    const elsewhere = bridge.hosts[0];
    const host = addHost(bridge, how === 'silent' ? 'learning off' : null);
    if (elsewhere)
      bridge.n.bridge.push(
        `fdb replace ${host.mac} dev ${elsewhere.port} master static${how === 'sticky' ? ' sticky' : ''}`,
      );
    return [host];
  },
  packet: (bridge, [host], packet) => (host ? between([other(bridge, host), host], packet) : null),
});

/** The host answers none who asks; the bridge does it for it. */
const suppressed: Setting = {
  lay: (bridge) => {
    const host = addHost(bridge, 'neigh_suppress on');
    host.ns.deviceSysctls.push('net/ipv4/conf/eth0/arp_ignore = 8');
    if (bridge.draft.random.chance(0.9))
      bridge.n.ip.push(`neigh add ${v4(SUBNET, host.number)} lladdr ${host.mac} dev br0 nud permanent`);
    bridge.n.bridge.push(`fdb replace ${host.mac} dev ${host.port} master static`);
    return [host];
  },
  packet: (bridge, [host], packet) =>
    host ? between([other(bridge, host), host], { ...packet, family: 'ipv4' }) : null,
};

/** Frames that fit where they come from, and not the port that they leave by. */
const small: Setting = {
  lay: (bridge) => {
    const host = addHost(bridge, null);
    // Said once, it does not follow the smallest port's any more.
    if (bridge.draft.random.chance(0.6)) bridge.n.ip.push('link set br0 mtu 1480', 'link set br0 mtu 1500');
    bridge.n.late.push(`link set ${host.port} mtu 1300`);
    return [host];
  },
  packet: (bridge, [host], packet) =>
    host
      ? between([other(bridge, host), host], {
          ...packet,
          protocol: 'udp',
          dport: PORTS_OPEN[0],
          sizeBytes: bridge.draft.random.pick([1300, 1304, 1305, 1312, 1400, 1400, 1400, 1450]),
          dontFragment: bridge.draft.random.chance(0.6),
        })
      : null,
};

const ofFamily = (setting: Setting, family: FlowSpec['family']): Setting => ({
  ...setting,
  packet: (bridge, [host], packet) => (host ? between([other(bridge, host), host], { ...packet, family }) : null),
});

/** Rules give the packets to another host of the same bridge, to which they are bridged on. */
const translated: Setting = {
  lay: (bridge) => {
    const host = addHost(bridge, null);
    const [four, six] = [v4(77, host.number), v6(77, host.number)];
    bridge.n.ip.push('link set br0 type bridge nf_call_iptables 1 nf_call_ip6tables 1');
    bridge.n.nft.push(
      `table inet to-${host.port} {`,
      ' chain come {',
      '  type nat hook prerouting priority -103; policy accept;',
      `  ip daddr ${four} dnat ip to ${v4(SUBNET, host.number)}`,
      `  ip6 daddr ${six} dnat ip6 to ${v6(SUBNET, host.number)}`,
      ' }',
      '}',
    );
    return [host];
  },
  packet: ({ hosts: [first] }, [host], packet) =>
    first && host ? { ...between([first, host], packet), destination: address(packet.family, 77, host.number) } : null,
};

const SETTINGS: readonly Setting[] = [
  translated,
  isolated,
  one('learning off flood off'),
  ofFamily(one('mcast_flood off'), 'ipv6'),
  ofFamily(one('bcast_flood off'), 'ipv4'),
  locked,
  blocked,
  misplaced('sticky'),
  misplaced('silent'),
  suppressed,
  small,
  blocked,
  suppressed,
  small,
];
const PER_WORLD = 4;

export function bridges(draft: Draft, turn: number, count: number): void {
  const bridge = bridgeOf(draft);
  const { n } = bridge;
  addHost(bridge, null);
  const settings = Array.from(
    { length: PER_WORLD },
    (_, i) => SETTINGS[(turn * PER_WORLD + i) % SETTINGS.length] as Setting,
  );
  const laid = settings.map((setting) => ({ setting, own: setting.lay(bridge) }));
  listenEverywhere(draft);
  const call = draft.random.chance(0.65) ? 1 : 0;
  n.sysctls.push(`net/bridge/bridge-nf-call-iptables = ${call}`, `net/bridge/bridge-nf-call-ip6tables = ${call}`);
  for (let i = 0; i < count; i++) {
    const { setting, own } = laid[i % laid.length] as (typeof laid)[number];
    const [host] = own;
    const packet = packetOf(draft, i);
    const made = setting.packet
      ? setting.packet(bridge, own, packet)
      : host && between(draft.random.chance(0.5) ? [host, other(bridge, host)] : [other(bridge, host), host], packet);
    if (made) draft.flows.push(made);
  }
}

/** Hosts that reach each other by the node alone: it answers for all of them (private VLAN edge). */
export function privateEdge(draft: Draft, _turn: number, count: number): void {
  const bridge = bridgeOf(draft);
  bridge.n.deviceSysctls.push('net/ipv4/conf/br0/proxy_arp_pvlan = 1');
  for (let i = 0; i < 3; i++) addHost(bridge, 'isolated on');
  listenEverywhere(draft);
  for (let i = 0; i < count; i++) {
    const [from, to] = draft.random.some(bridge.hosts, 2);
    if (from && to) draft.flows.push(between([from, to], { ...packetOf(draft, i), family: 'ipv4' }));
  }
}

function bridgeOf(draft: Draft): Bridge {
  const n = addNamespace(draft, 'n', { router: true });
  n.links.push('link add br0 type bridge');
  n.ip.push('link set br0 up');
  addAddresses(n, 'br0', SUBNET, 254);
  return { draft, n, hosts: [] };
}

/** Another host, or now and then the node itself. */
function other({ draft: { random }, hosts, n }: Bridge, but: Host): Host {
  if (random.chance(0.1)) return { ns: n, number: 254, port: 'br0', mac: '' };
  // The first has a port without any setting.
  return random.chance(0.6) && hosts[0] && hosts[0] !== but ? hosts[0] : random.pick(hosts.filter((h) => h !== but));
}

function between([from, to]: readonly [Host, Host], packet: FlowSpec): FlowSpec {
  return {
    ...packet,
    from: from.ns.name,
    source: address(packet.family, SUBNET, from.number),
    destination: packet.family === 'ipv4' ? v4(SUBNET, to.number) : v6(SUBNET, to.number),
  };
}

function packetOf({ random }: Draft, index: number): FlowSpec {
  const protocol = random.weighted([
    [4, 'udp'],
    [4, 'tcp'],
    [1, 'icmp'],
  ] as const);
  return {
    ...PLAIN_FLOW,
    id: `f${index}`,
    from: '',
    family: random.pick(FAMILIES),
    protocol,
    sport: 20_000 + index * 130,
    destination: '',
    dport: protocol === 'icmp' ? 0 : random.pick(PORTS_OPEN),
    dontFragment: true,
  };
}
