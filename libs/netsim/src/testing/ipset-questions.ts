/** A set asked about a packet, as a rule asks. */
import { type IpSet, type IpSetType, ip, type Mac, parseMac } from '@netverdict/linux-net';
import { compileIpSet, compileIpSets } from '../ipset/compiled.ts';
import { type IsIn, isIn, type Lookup } from '../ipset/contains.ts';
import type { SetProbe, Side } from '../ipset/probe.ts';
import { type MemberSpec, set } from './ipsets.ts';

const mac = (text: string): Mac => {
  const parsed = parseMac(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

/** tcp 10.0.0.1:40000 → 10.1.0.2:80, mark 0x63, in by eth0, out by veth1, from 02:…:01. */
export const PACKET: SetProbe = {
  family: 'ipv4',
  protocol: 6,
  mark: 0x63,
  address: (side) => ip(side === 'src' ? '10.0.0.1' : '10.1.0.2'),
  port: (side) => (side === 'src' ? 40000 : 80),
  device: (side) => (side === 'src' ? 'eth0' : 'veth1'),
  mac: (side) => (side === 'src' ? mac('02:00:00:00:00:01') : undefined),
  goesWith: () => true,
};
export const ICMP: SetProbe = { ...PACKET, protocol: 1, port: () => 8 * 256 };
export const GRE: SetProbe = { ...PACKET, protocol: 47, port: () => 0 };
export const FRAGMENT: SetProbe = { ...PACKET, port: () => null };
export const IPV6: SetProbe = { ...PACKET, family: 'ipv6', address: () => ip('fd00::1') };

export interface Asked {
  readonly directions: string;
  readonly probe?: SetProbe;
  readonly more?: Partial<Lookup>;
  readonly others?: readonly IpSet[];
}

export function ask(asked: IpSet, { directions, probe = PACKET, more = {}, others = [] }: Asked): IsIn {
  const sets = compileIpSets([asked, ...others]);
  const sides = directions.split(',') as Side[];
  const lookup: Lookup = { probe, directions: sides, asksCounters: false, returnNomatch: false, ...more };
  return isIn(sets.get(asked.name) ?? compileIpSet(asked), sets, lookup, (_type, answer) => answer);
}

export const of = (type: IpSetType, ...members: readonly MemberSpec['parts'][]) =>
  set(
    's',
    type,
    members.map((parts) => ({ parts })),
  );

export type Row = readonly [says: string, asked: IpSet, directions: string, answer: IsIn, probe?: SetProbe];
