/** `tcp:80`, `80-90`, `icmp:echo-request`, `icmpv6:128/0`, `47:0`: the port dimension (lib/parse.c, ipset_parse_proto_port). */
import type { IpSetPart } from '@netverdict/linux-net';
import { protocolNumber } from '../ip/names.ts';
import { Malformed } from '../problem.ts';
import { ICMP_NAMES, ICMPV6_NAMES, type IcmpName } from '../xtables/matches/icmp-names.ts';

type PortPart = Extract<IpSetPart, { kind: 'port' }>;

const TCP = 6;
/** Protocols whose ports the kernel reads (ip_set_getport.c); of others only "port 0" can be stored. */
const WITH_PORTS = new Set([TCP, 17, 132, 136]);
const ICMP: Readonly<Record<number, Readonly<Record<string, IcmpName>>>> = {
  1: { ...ICMP_NAMES, 'TOS-network-redirect': [5, 2], 'TOS-host-redirect': [5, 3] },
  58: ICMPV6_NAMES,
};

/** `anyProtocol`: bitmap:port, which keeps the number alone. */
export function memberPorts(text: string, anyProtocol: boolean): PortPart {
  const colon = text.indexOf(':');
  const protocol = colon < 0 ? TCP : protocolNumber(text.slice(0, colon));
  const value = text.slice(colon + 1);
  const names = ICMP[protocol];
  if (names) {
    const port = icmpPort(value, names);
    return { kind: 'port', protocol, from: port, to: port };
  }
  const [from, to] = portRange(value);
  if (!anyProtocol && !WITH_PORTS.has(protocol) && to !== 0)
    throw new Malformed(`"${text}": protocol ${protocol} has no ports`);
  return { kind: 'port', protocol: anyProtocol ? null : protocol, from, to };
}

export function portRange(text: string): readonly [number, number] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  if (!match || from > 65535 || to > 65535) throw new Malformed(`"${text}" is not a port or a range of ports`);
  return from <= to ? [from, to] : [to, from];
}

function icmpPort(text: string, names: Readonly<Record<string, IcmpName>>): number {
  const named = Object.hasOwn(names, text) ? names[text] : undefined;
  if (named) return named[0] * 256 + (named[1] ?? 0);
  const match = /^(\d{1,3})\/(\d{1,3})$/.exec(text);
  const [type, code] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || type > 255 || code > 255) throw new Malformed(`"${text}" is not an ICMP type and code`);
  return type * 256 + code;
}
