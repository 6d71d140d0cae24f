/** Numbers behind the names that iproute2 prints (rt_scopes, rt_tables, rt_dsfield, protocols). */
import { PROTOCOL_NUMBERS, SCOPE, TABLE } from '@netverdict/linux-net';
import { Malformed } from '../problem.ts';

const NUMBER = /^(0[xX][0-9a-fA-F]+|\d+)$/;

export function scopeNumber(name: string | null): number {
  if (name === null) return SCOPE.global;
  if (name in SCOPE) return SCOPE[name as keyof typeof SCOPE];
  if (NUMBER.test(name)) return Number(name);
  throw new Malformed(`"${name}" is not a scope`);
}

/**
 * A table's number. A name of the machine's own /etc/iproute2/rt_tables has no number here; it gets one beyond
 * the kernel's 32 bits, the same for routes and rules, so that both still meet.
 */
export function tableNumber(name: string | null): number {
  if (name === null || name === 'main') return TABLE.main;
  if (name === 'local') return TABLE.local;
  if (name === 'default') return TABLE.default;
  if (name === 'unspec') return 0;
  if (NUMBER.test(name)) return Number(name);
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return 2 ** 32 + (hash >>> 0);
}

/** Names of Debian's rt_dsfield. */
const TOS: Readonly<Record<string, number>> = {
  default: 0,
  lowdelay: 0x10,
  throughput: 0x08,
  reliability: 0x04,
  mincost: 0x02,
  CS0: 0,
  CS1: 0x20,
  CS2: 0x40,
  CS3: 0x60,
  CS4: 0x80,
  CS5: 0xa0,
  CS6: 0xc0,
  CS7: 0xe0,
  AF11: 0x28,
  AF12: 0x30,
  AF13: 0x38,
  AF21: 0x48,
  AF22: 0x50,
  AF23: 0x58,
  AF31: 0x68,
  AF32: 0x70,
  AF33: 0x78,
  AF41: 0x88,
  AF42: 0x90,
  AF43: 0x98,
  EF: 0xb8,
};

export function tosNumber(name: string): number {
  const named = TOS[name];
  if (named !== undefined) return named;
  // iproute2 prints DS fields in hexadecimal, with or without 0x by version.
  const value = Number(name.startsWith('0x') ? name : `0x${name}`);
  if (!(value >= 0 && value <= 255)) throw new Malformed(`"${name}" is not a TOS value`);
  return value;
}

/** Names as getprotobynumber(3) spells them (/etc/protocols of Debian), and iptables' own. IP in IP is `ipencap` there, and `ipip` the older 94. */
const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ...Object.entries(PROTOCOL_NUMBERS),
  ['all', 0],
  ['ip', 0],
  ['hopopt', 0],
  ['igmp', 2],
  ['ggp', 3],
  ['ipencap', 4],
  ['ipv4', 4],
  ['st', 5],
  ['egp', 8],
  ['igp', 9],
  ['pup', 12],
  ['hmp', 20],
  ['xns-idp', 22],
  ['rdp', 27],
  ['iso-tp4', 29],
  ['dccp', 33],
  ['xtp', 36],
  ['ddp', 37],
  ['idpr-cmtp', 38],
  ['ipv6', 41],
  ['ipv6-route', 43],
  ['ipv6-frag', 44],
  ['idrp', 45],
  ['rsvp', 46],
  ['gre', 47],
  ['esp', 50],
  ['ipv6-crypt', 50],
  ['ah', 51],
  ['ipv6-auth', 51],
  ['skip', 57],
  ['ipv6-icmp', 58],
  ['icmp6', 58],
  ['ipv6-nonxt', 59],
  ['ipv6-opts', 60],
  ['rspf', 73],
  ['vmtp', 81],
  ['eigrp', 88],
  ['ospf', 89],
  ['ax.25', 93],
  ['ipip', 94],
  ['etherip', 97],
  ['encap', 98],
  ['pim', 103],
  ['ipcomp', 108],
  ['vrrp', 112],
  ['l2tp', 115],
  ['isis', 124],
  ['fc', 133],
  ['mh', 135],
  ['ipv6-mh', 135],
  ['mobility-header', 135],
  ['udplite', 136],
  ['mpls-in-ip', 137],
  ['manet', 138],
  ['hip', 139],
  ['shim6', 140],
  ['wesp', 141],
  ['rohc', 142],
  ['ethernet', 143],
  ['mptcp', 262],
]);

export function protocolNumber(name: string): number {
  const number = PROTOCOLS.get(name) ?? PROTOCOLS.get(name.toLowerCase());
  if (number !== undefined) return number;
  if (/^\d{1,3}$/.test(name) && Number(name) <= 255) return Number(name);
  throw new Malformed(`"${name}" is not an IP protocol`);
}
