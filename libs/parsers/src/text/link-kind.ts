/**
 * The lines that `ip -d link` prints of a link's kind and of the port that it is. Of the kinds that the model knows every
 * word is read; of the others the kind's name is what the model keeps, and they begin with that name.
 */
import { Malformed } from '../problem.ts';
import type { WordReader } from '../words.ts';
import { BRIDGE, BRIDGE_PORT, COMMON, TUN } from './link-words.ts';
import { type Building, type Grammar, numeric, readWords, skip, strange, value } from './pasted.ts';

/** IFLA_INFO_KIND of others, and what stands for them (`ip link help`). */
const OTHER_KINDS: ReadonlySet<string> = new Set(
  (
    'amt bareudp bond bond_slave can dsa erspan geneve gre gretap gtp hsr ifb ip6erspan ip6gre ip6gretap ip6tnl ipip ' +
    'ipoib ipvlan ipvtap lowpan macsec macvtap netdevsim netkit nlmon openvswitch ovpn pfcp rmnet sit team ' +
    'team_slave vcan virt_wifi vrf vti vti6 vxcan wireguard wwan xfrm ppp batadv tap'
  ).split(' '),
);

/** Where the text does not say the port: kernels before 3.10 did not either, and had this one (drivers/net/vxlan.c). */
const OLD_VXLAN_PORT = 8472;

export function readKind(kind: string, words: WordReader, fields: Building): boolean {
  const grammar = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (!grammar && !OTHER_KINDS.has(kind)) return false;
  const data: Building = kind === 'vxlan' ? { port: OLD_VXLAN_PORT } : {};
  if (grammar) readWords(words, { ...COMMON, ...grammar }, data, otherWords(kind));
  else while (words.next() !== undefined);
  fields.linkinfo = { ...infoOf(fields), info_kind: kind, info_data: data };
  return true;
}

/** `bridge_slave state forwarding priority 32 …`: the link is a port of its master. */
export function readSlaveKind(first: string, words: WordReader, fields: Building): boolean {
  const kind = /^(\w+)_slave$/.exec(first)?.[1];
  if (kind === undefined) return false;
  const data: Building = {};
  if (kind === 'bridge') readWords(words, { ...COMMON, ...BRIDGE_PORT }, data);
  else while (words.next() !== undefined);
  // An old version prints the bare name: of such a port no more is known than without -d.
  if (kind === 'bridge' && data.state === undefined) return true;
  fields.linkinfo = { ...infoOf(fields), info_slave_kind: kind, info_slave_data: data };
  return true;
}

const infoOf = (fields: Building): object => {
  const info = fields.linkinfo;
  return typeof info === 'object' && info !== null ? info : {};
};

const otherWords =
  (kind: string) =>
  (word: string): void => {
    if (kind !== 'vlan' || !VLAN_FLAGS.test(word)) throw strange(word);
  };

const on =
  (name: string, is = true): Grammar[string] =>
  (_words, data) => {
    data[name] = is;
  };
const ignore = skip(0);

const end =
  (name: string): Grammar[string] =>
  (words, data) => {
    const address = words.value('an address');
    data[address.includes(':') ? `${name}6` : name] = address;
  };

const VXLAN: Grammar = {
  id: numeric(),
  remote: end('remote'),
  group: end('group'),
  local: end('local'),
  dev: (words, data) => {
    const name = words.value('a device');
    const index = /^if(\d+)$/.exec(name);
    if (index) data.link_index = Number(index[1]);
    else data.link = name;
  },
  srcport: skip(2),
  // Before iproute2 3.11, of kernels that had one port for all: see below.
  port: skip(2),
  dstport: numeric('port'),
  learning: on('learning'),
  nolearning: on('learning', false),
  proxy: on('proxy'),
  rsc: ignore,
  l2miss: ignore,
  l3miss: ignore,
  tos: value(),
  // `auto` is what 0 is called.
  ttl: (words, data) => {
    const text = words.value('a TTL');
    data.ttl = text === 'auto' ? 0 : /^\d+$/.test(text) ? Number(text) : text;
  },
  df: value(),
  flowlabel: skip(1),
  ageing: skip(1),
  maxaddr: skip(1),
  udpcsum: on('udp_csum'),
  noudpcsum: on('udp_csum', false),
  udp6zerocsumtx: on('udp_zero_csum6_tx'),
  noudp6zerocsumtx: on('udp_zero_csum6_tx', false),
  udp6zerocsumrx: ignore,
  noudp6zerocsumrx: ignore,
  remcsumtx: ignore,
  noremcsumtx: ignore,
  remcsumrx: ignore,
  noremcsumrx: ignore,
  localbypass: ignore,
  nolocalbypass: ignore,
  external: on('external'),
  vnifilter: on('vnifilter'),
  gbp: on('gbp'),
  gpe: on('gpe'),
};

const VLAN: Grammar = {
  protocol: value(),
  id: numeric(),
  'ingress-qos-map': braces,
  'egress-qos-map': braces,
};
/** `<REORDER_HDR,GVRP>`: flags of a VLAN. */
const VLAN_FLAGS = /^<[A-Z_,]*>$/;

function braces(words: WordReader): void {
  if (words.value('a map') !== '{') throw new Malformed('a map stands in braces');
  for (let word = words.value('the end of a map'); word !== '}'; word = words.value('the end of a map'));
}

const KINDS: Readonly<Record<string, Grammar>> = {
  veth: {},
  dummy: {},
  bridge: BRIDGE,
  tun: TUN,
  macvlan: { mode: value(), nopromisc: ignore, bcqueuelen: skip(1), usedbcqueuelen: skip(1), bclim: skip(1) },
  vlan: VLAN,
  vxlan: VXLAN,
};
