/**
 * A world around a dump that somebody pasted: a node with its rules between a sender and a receiver, and packets aimed at them. What
 * a rule asks for is read off its words here (addresses, ports, protocols, devices), not by the parsers that are judged.
 */
import type { Random } from '../generate/random.ts';
import { bareNamespace, type NamespaceLists, PLAIN_FLOW } from '../world/defaults.ts';
import type { FlowSpec, WorldSpec } from '../world/spec.ts';

export type DumpTool = 'iptablesLegacy' | 'iptablesNft' | 'ip6tablesLegacy' | 'ip6tablesNft' | 'nft';
type Family = FlowSpec['family'];

/** The names of the node's devices towards both ends, and what the links' addresses are. */
const LINKS = {
  ipv4: { prefix: 24, sender: '198.18.0.2', toSender: '198.18.0.1', receiver: '198.18.1.2', toReceiver: '198.18.1.1' },
  ipv6: { prefix: 64, sender: 'fd98::2', toSender: 'fd98::1', receiver: 'fd99::2', toReceiver: 'fd99::1' },
} as const;

interface Ends {
  readonly sender: NamespaceLists;
  readonly node: NamespaceLists;
  readonly receiver: NamespaceLists;
}

export function dumpWorld(
  id: string,
  dump: { readonly lines: readonly string[]; readonly tool: DumpTool },
  flows: number,
  random: Random,
): WorldSpec {
  const ends: Ends = { sender: bareNamespace(), node: bareNamespace(), receiver: bareNamespace() };
  const { sender, node, receiver } = ends;
  const aims = dump.lines.flatMap((line) => aimOf(line));
  const inbound = pickName(
    aims.map((a) => a.iif),
    random,
    'eth0',
    [],
  );
  const outbound = pickName(
    aims.map((a) => a.oif),
    random,
    'eth1',
    [inbound],
  );
  for (const ns of [sender, node, receiver]) ns.links.push('link set lo up');
  node.links.push(
    `link add ${inbound} type veth peer name eth0 netns {sender}`,
    `link add ${outbound} type veth peer name eth0 netns {receiver}`,
  );
  node.sysctls.push('net/ipv4/ip_forward = 1', 'net/ipv6/conf/all/forwarding = 1');
  node[dump.tool].push(...dump.lines);
  node.ipset.push(...setsFor(dump));
  sender.ip.push('link set eth0 up');
  receiver.ip.push('link set eth0 up');
  node.ip.push(`link set ${inbound} up`, `link set ${outbound} up`);
  for (const family of ['ipv4', 'ipv6'] as const) addLinks(ends, family, inbound, outbound);

  const wanted = aims.filter(({ source, destination, dport }) => source ?? destination ?? dport);
  const addresses = new Map<string, keyof Ends>();
  const judged: FlowSpec[] = [];
  for (let i = 0; i < flows; i++) {
    const aim = wanted.length > 0 && random.chance(0.9) ? random.pick(wanted) : ANYTHING;
    // One rule's source with another one's destination, now and then: the way through a chain is long.
    const other = wanted.length > 0 && random.chance(0.4) ? random.pick(wanted) : aim;
    judged.push(flowFor(`f${i}`, 20_000 + i * 130, aim, other, { ends, addresses, dump, random }));
  }
  return {
    id,
    namespaces: (['sender', 'node', 'receiver'] as const).map((name) => ({ name, ...ends[name] })),
    prelude: [],
    flows: judged,
  };
}

/** Sets that the rules ask, which the dump does not hold: of a type that has as many parts as they are asked for, and empty. */
function setsFor({ lines, tool }: { readonly lines: readonly string[]; readonly tool: DumpTool }): string[] {
  const sets = new Map<string, string>();
  for (const line of lines)
    for (const [, name = '', directions = ''] of line.matchAll(/--(?:match|add|del)-set (\S+) (\S+)/g))
      sets.set(name, directions.includes(',') ? 'hash:ip,port' : 'hash:net');
  const family = FAMILY_OF[tool] === 'ipv6' ? 'inet6' : 'inet';
  return [...sets].map(([name, type]) => `create ${name} ${type} family ${family}`);
}

function addLinks({ sender, node, receiver }: Ends, family: Family, inbound: string, outbound: string): void {
  const l = LINKS[family];
  const nodad = family === 'ipv6' ? ' nodad' : '';
  const routes = family === 'ipv6' ? 'ip6' : 'ip';
  sender.ip.push(`address add ${l.sender}/${l.prefix} dev eth0${nodad}`);
  receiver.ip.push(`address add ${l.receiver}/${l.prefix} dev eth0${nodad}`);
  node.ip.push(
    `address add ${l.toSender}/${l.prefix} dev ${inbound}${nodad}`,
    `address add ${l.toReceiver}/${l.prefix} dev ${outbound}${nodad}`,
  );
  sender[routes].push(`route add default via ${l.toSender}`);
  receiver[routes].push(`route add default via ${l.toReceiver}`);
  node[routes].push(`route add default via ${l.receiver}`);
}

/** What a packet must look like for a rule to be met, as far as its words say. */
interface Aim {
  readonly family: Family | null;
  readonly protocol: FlowSpec['protocol'] | null;
  readonly source: string | null;
  readonly destination: string | null;
  readonly dport: number | null;
  readonly iif: string | null;
  readonly oif: string | null;
}

const ANYTHING: Aim = {
  family: null,
  protocol: null,
  source: null,
  destination: null,
  dport: null,
  iif: null,
  oif: null,
};

const IPTABLES = {
  source: /(?:^|\s)-s (\S+)/,
  destination: /(?:^|\s)-d (\S+)/,
  dport: /--(?:dport|dports|destination-port) (\d+)/,
  protocol: /(?:^|\s)-p (\S+)/,
  iif: /(?:^|\s)-i (\S+)/,
  oif: /(?:^|\s)-o (\S+)/,
} as const;
const NFT = {
  source: /ip6? saddr (?:!= )?\{?\s*([\da-f.:/]+)/,
  destination: /ip6? daddr (?:!= )?\{?\s*([\da-f.:/]+)/,
  dport: /dport (?:!= )?\{?\s*(\d+)/,
  protocol: /\b(tcp|udp|icmp|icmpv6|ipv6-icmp)\b/,
  iif: /iif(?:name)? (?:!= )?\{?\s*"?([\w.@-]+)/,
  oif: /oif(?:name)? (?:!= )?\{?\s*"?([\w.@-]+)/,
} as const;

function aimOf(line: string): Aim[] {
  const words = /^\s*(?:\[[\d:]+\]\s*)?-[AI] /.test(line) ? IPTABLES : NFT;
  const said = (what: keyof Aim & keyof typeof IPTABLES): string | null => words[what].exec(line)?.[1] ?? null;
  const source = unicastIn(said('source'));
  const destination = unicastIn(said('destination'));
  const one = source ?? destination;
  const protocol = said('protocol');
  const aim: Aim = {
    family: one === null ? null : one.includes(':') ? 'ipv6' : 'ipv4',
    protocol: protocol === 'tcp' || protocol === 'udp' ? protocol : protocol?.includes('icmp') ? 'icmp' : null,
    source,
    destination: destination && source && destination.includes(':') !== source.includes(':') ? null : destination,
    dport: Number(said('dport') ?? 0) || null,
    iif: said('iif'),
    oif: said('oif'),
  };
  return Object.values(aim).every((value) => value === null) ? [] : [aim];
}

/** The prefix, if packets can be sent from and to its addresses. */
function unicastIn(prefix: string | null): string | null {
  if (prefix === null) return null;
  const [address = '', length] = prefix.split('/');
  if (/^\d+\.\d+\.\d+\.\d+$/.test(address)) {
    const first = Number(address.split('.')[0]);
    const bits = /^\d+$/.test(length ?? '32') ? Number(length ?? 32) : null;
    return bits !== null && bits >= 8 && first > 0 && first < 224 && first !== 127 ? `${address}/${bits}` : null;
  }
  return /^[23f][\da-f]*:[\da-f:]*$/.test(address) && !/^ff/.test(address) && length === undefined ? address : null;
}

/** An address out of a prefix; IPv6: the very one. */
function addressIn(prefix: string, random: Random): string {
  const [address = '', length] = prefix.split('/');
  if (length === undefined) return address;
  const bytes = address.split('.').map(Number);
  const value = bytes.reduce((n, byte) => n * 256 + byte, 0);
  const free = 32 - Number(length);
  const host = free === 0 ? 0 : random.int(free > 1 ? 1 : 0, 2 ** Math.min(free, 16) - (free > 1 ? 2 : 1));
  const picked = Math.floor(value / 2 ** free) * 2 ** free + host;
  return [24, 16, 8, 0].map((shift) => Math.floor(picked / 2 ** shift) % 256).join('.');
}

interface Making {
  readonly ends: Ends;
  /** Who has which address. */
  readonly addresses: Map<string, keyof Ends>;
  readonly dump: { readonly tool: DumpTool };
  readonly random: Random;
}

const FAMILY_OF: Readonly<Record<DumpTool, Family | null>> = {
  iptablesLegacy: 'ipv4',
  iptablesNft: 'ipv4',
  ip6tablesLegacy: 'ipv6',
  ip6tablesNft: 'ipv6',
  nft: null,
};

function flowFor(id: string, sport: number, aim: Aim, other: Aim, making: Making): FlowSpec {
  const { random, dump, ends } = making;
  const family = FAMILY_OF[dump.tool] ?? aim.family ?? (random.chance(0.8) ? 'ipv4' : 'ipv6');
  const of = (prefix: string | null): string | null =>
    prefix !== null && prefix.includes(':') === (family === 'ipv6') ? addressIn(prefix, random) : null;
  const from = random.chance(0.75) ? 'sender' : 'node';
  const source = from === 'sender' ? of(aim.source) : null;
  const asked = of(other.destination);
  const taker = from === 'sender' && random.chance(0.3) ? 'node' : 'receiver';
  const destination = asked ?? (taker === 'node' ? LINKS[family].toSender : LINKS[family].receiver);
  const ownSource = source !== null && source !== destination && give(making, source, 'sender', family) ? source : null;
  if (asked !== null) give(making, asked, taker, family);
  const protocol = aim.protocol ?? random.pick(['tcp', 'tcp', 'udp', 'icmp'] as const);
  const dport = aim.dport ?? other.dport ?? random.pick([22, 53, 80, 443, 8080, 30080]);
  if (protocol !== 'icmp')
    for (const ns of [ends.node, ends.receiver])
      if (!ns.sockets.some((s) => s.protocol === protocol && s.family === family && s.port === dport))
        ns.sockets.push({
          protocol,
          family,
          address: family === 'ipv4' ? '0.0.0.0' : '::',
          port: dport,
          ...(family === 'ipv6' ? { v6only: true } : {}),
        });
  return {
    ...PLAIN_FLOW,
    id,
    from,
    family,
    protocol,
    source: from === 'sender' ? (ownSource ?? LINKS[family].sender) : null,
    sport,
    destination,
    dport: protocol === 'icmp' ? 0 : dport,
  };
}

/** False: somebody else has it. */
function give({ ends, addresses }: Making, address: string, to: keyof Ends, family: Family): boolean {
  const has = addresses.get(address);
  if (has !== undefined || Object.values<string | number>(LINKS[family]).includes(address)) return has === to;
  addresses.set(address, to);
  const [length, routes, nodad] = family === 'ipv4' ? (['32', 'ip', ''] as const) : (['128', 'ip6', ' nodad'] as const);
  ends[to].ip.push(`address add ${address}/${length} dev lo${nodad}`);
  if (to === 'sender') ends.node[routes].push(`route add ${address}/${length} via ${LINKS[family].sender}`);
  return true;
}

/** A device's name out of those that rules ask for; a `+` stands for any end. */
function pickName(
  names: readonly (string | null)[],
  random: Random,
  otherwise: string,
  taken: readonly string[],
): string {
  const usable = [...new Set(names.flatMap((n) => (n === null ? [] : [n.replace(/[+*]$/, '0')])))].filter(
    (n) => /^[\w.@-]{1,15}$/.test(n) && n !== 'lo' && !taken.includes(n),
  );
  if (usable.length > 0) return random.pick(usable);
  return taken.includes(otherwise) ? `${otherwise}x` : otherwise;
}
