/** `ip -j -d link show`. Without `-d` the kinds are missing: such links are `other`, never taken for physical. */
import {
  type BridgePort,
  type IfIndex,
  ifIndex,
  type LineRef,
  type Link,
  type LinkDetail,
  type Mac,
  type OperState,
  ok,
  parseMac,
  type Result,
  type VxlanDetail,
} from '@netverdict/linux-net';
import {
  type Fields,
  flag,
  number,
  optionalAddress,
  optionalFields,
  optionalNumber,
  optionalText,
  parseArray,
  text,
  textList,
} from '../json/fields.ts';
import { Malformed, type ParseProblem, readLine } from '../problem.ts';
import { unnamedIndex } from './devices.ts';

const OPER_STATES: readonly OperState[] = [
  'unknown',
  'notpresent',
  'down',
  'lowerlayerdown',
  'testing',
  'dormant',
  'up',
];
const PORT_STATES: readonly BridgePort['state'][] = ['disabled', 'listening', 'learning', 'forwarding', 'blocking'];

type NameIndex = (name: string) => IfIndex | null;

export interface LinkElement {
  readonly fields: Fields;
  readonly at: LineRef;
}

export function parseIpLink(source: string): Result<readonly Link[], ParseProblem> {
  const elements = parseArray(source, (fields, at): LinkElement => ({ fields, at }));
  return elements.ok ? readLinks(elements.value) : elements;
}

/** All at once, since links name each other. */
export function readLinks(elements: readonly LinkElement[]): Result<readonly Link[], ParseProblem> {
  const names = new Map<string, IfIndex>();
  for (const { fields, at } of elements) {
    const named = readLine(at.line, at.text, () =>
      names.set(text(fields, 'ifname'), ifIndex(number(fields, 'ifindex'))),
    );
    if (!named.ok) return named;
  }
  const indexOf: NameIndex = (name) => names.get(name) ?? unnamedIndex(name);
  const detailed = elements.some((e) => 'linkinfo' in e.fields || 'promiscuity' in e.fields);
  const links: Link[] = [];
  for (const { fields, at } of elements) {
    const link = readLine(at.line, at.text, () => readLink(fields, indexOf, detailed));
    if (!link.ok) return link;
    links.push(link.value);
  }
  return ok(links);
}

function readLink(fields: Fields, indexOf: NameIndex, detailed: boolean): Link {
  const flags = new Set(textList(fields, 'flags'));
  const linkInfo = optionalFields(fields, 'linkinfo') ?? {};
  const data = optionalFields(linkInfo, 'info_data') ?? {};
  const kind = optionalText(linkInfo, 'info_kind');
  const loopback = flags.has('LOOPBACK');
  const detail: LinkDetail = loopback
    ? { kind: 'loopback' }
    : kind !== null
      ? readDetail(kind, data, indexOf)
      : detailed && optionalText(fields, 'link_type') === 'ether'
        ? { kind: 'physical' }
        : { kind: 'other', name: detailed ? (optionalText(fields, 'link_type') ?? 'none') : 'not read with -d' };
  const named = (name: string): IfIndex | null => {
    const value = optionalText(fields, name);
    return value === null ? null : indexOf(value);
  };
  const linkIndex = optionalNumber(fields, 'link_index');
  return {
    ifindex: ifIndex(number(fields, 'ifindex')),
    name: text(fields, 'ifname'),
    up: flags.has('UP'),
    carrier: flags.has('LOWER_UP'),
    noarp: flags.has('NOARP'),
    loopback,
    multicast: flags.has('MULTICAST'),
    operstate: readOperState(optionalText(fields, 'operstate') ?? 'unknown'),
    mtuBytes: number(fields, 'mtu'),
    ...groupOf(optionalText(fields, 'group')),
    mac: macOrNull(optionalText(fields, 'address')),
    master: named('master'),
    // iproute2 does not print IFLA_LINK of a vxlan beside its details.
    link:
      linkIndex !== null ? ifIndex(linkIndex) : (named('link') ?? (detail.kind === 'vxlan' ? detail.underlay : null)),
    linkNetnsid: optionalNumber(fields, 'link_netnsid'),
    detail,
    bridgePort: optionalText(linkInfo, 'info_slave_kind') === 'bridge' ? readBridgePort(linkInfo) : null,
  };
}

/** A group with a name of the machine's own has no number here: it is none that a rule could name by number. */
function groupOf(name: string | null): Pick<Link, 'group'> {
  if (name === null || name === 'default') return {};
  return { group: /^\d+$/.test(name) ? Number(name) : -1 };
}

function readOperState(name: string): OperState {
  const state = OPER_STATES.find((s) => s === name.toLowerCase());
  if (!state) throw new Malformed(`"${name}" is not an operational state`);
  return state;
}

/** A tunnel's link-layer address is an IP address: it has no MAC. */
function macOrNull(address: string | null): Mac | null {
  const mac = parseMac(address ?? '');
  return mac.ok ? mac.value : null;
}

function readDetail(kind: string, data: Fields, indexOf: NameIndex): LinkDetail {
  switch (kind) {
    case 'veth':
    case 'dummy':
      return { kind };
    case 'tun':
      return { kind, mode: optionalText(data, 'type') === 'tap' ? 'tap' : 'tun' };
    case 'bridge':
      return {
        kind,
        vlanFiltering: flag(data, 'vlan_filtering'),
        nfCallIptables: flag(data, 'nf_call_iptables'),
        nfCallIp6tables: flag(data, 'nf_call_ip6tables'),
        stp: (optionalNumber(data, 'stp_state') ?? 0) !== 0,
        defaultPvid: optionalNumber(data, 'vlan_default_pvid') ?? 1,
      };
    case 'vxlan': {
      const underlay = optionalText(data, 'link');
      const underlayIndex = optionalNumber(data, 'link_index');
      const address = (...names: string[]) => names.map((name) => optionalAddress(data, name)).find((a) => a !== null);
      return {
        kind,
        vni: optionalNumber(data, 'id') ?? 0,
        dstPort: number(data, 'port'),
        local: address('local', 'local6') ?? null,
        remote: address('remote', 'remote6', 'group', 'group6') ?? null,
        underlay: underlay !== null ? indexOf(underlay) : underlayIndex === null ? null : ifIndex(underlayIndex),
        learning: flag(data, 'learning', true),
        external: flag(data, 'external'),
        proxy: flag(data, 'proxy'),
        df: readDf(optionalText(data, 'df')),
        ttl: readTtl(data),
        tos: readTos(data),
        sums: { ipv4: flag(data, 'udp_csum', true), ipv6: !flag(data, 'udp_zero_csum6_tx') },
        extended: flag(data, 'gbp') || flag(data, 'gpe'),
      };
    }
    case 'macvlan':
      return { kind, mode: text(data, 'mode') };
    case 'vlan':
      return { kind, id: number(data, 'id'), protocol: optionalText(data, 'protocol') ?? '802.1Q' };
    default:
      return { kind: 'other', name: kind };
  }
}

function readBridgePort(linkInfo: Fields): BridgePort {
  const data = optionalFields(linkInfo, 'info_slave_data') ?? {};
  const name = text(data, 'state');
  const state = PORT_STATES.find((s) => s === name) ?? PORT_STATES[Number(name)];
  if (!state) throw new Malformed(`"${name}" is not a bridge port state`);
  return {
    state,
    hairpin: flag(data, 'hairpin'),
    isolated: flag(data, 'isolated'),
    learning: flag(data, 'learning', true),
    flood: flag(data, 'flood', true),
    broadcastFlood: flag(data, 'bcast_flood', true),
    multicastFlood: flag(data, 'mcast_flood', true),
    proxyArp: flag(data, 'proxy_arp'),
    proxyArpWifi: flag(data, 'proxy_arp_wifi'),
    neighSuppress: flag(data, 'neigh_suppress'),
    locked: flag(data, 'locked'),
    vlans: null,
  };
}

function readDf(text: string | null): VxlanDetail['df'] {
  if (text === null || text === 'unset') return 'unset';
  if (text !== 'set' && text !== 'inherit') throw new Malformed(`"${text}" is not a setting of df`);
  return text;
}

/** iproute2 prints no ttl for 0, and `inherit` as a word. */
function readTtl(data: Fields): VxlanDetail['ttl'] {
  const value = data.ttl;
  return value === 'inherit' || flag(data, 'ttl_inherit') ? 'inherit' : typeof value === 'number' ? value : 0;
}

/** `inherit` is 1; iproute2 prints other values in hexadecimal. */
function readTos(data: Fields): number {
  const value = data.tos;
  if (value === 'inherit') return 1;
  return typeof value === 'number' ? value : typeof value === 'string' ? Number(value) : 0;
}
