/** Membership by asking every member in turn: what the index is held against in tests, and nothing else. */
import { IP_SET_TYPES, type IpSet, type IpSetMember, type IpSetPart, prefixContains } from '@netverdict/linux-net';
import type { SetProbe, Side } from '../ipset/probe.ts';

export function naiveMembership(
  set: Extract<IpSet, { kind: 'members' }>,
  probe: SetProbe,
  directions: readonly Side[],
): 'in' | 'out' {
  if (directions.length < IP_SET_TYPES[set.type].length) return 'out';
  const holds = (part: IpSetPart, at: number): boolean => partHolds(part, probe, directions[at] ?? 'src');
  const candidates = [...set.members].sort((a, b) => compare(lengths(a), lengths(b)));
  // Of net,iface the first network decides, whichever its device; of the others the first member that holds all.
  const first =
    set.type === 'hash:net,iface'
      ? firstNetwork(candidates.filter((member) => member.parts.slice(0, 1).every(holds))).find((m) =>
          m.parts.every(holds),
        )
      : candidates.find((member) => member.parts.every(holds));
  return first !== undefined && !first.nomatch ? 'in' : 'out';
}

const lengths = (member: IpSetMember): readonly number[] =>
  member.parts.flatMap((part) => (part.kind === 'prefix' ? [part.prefix.length] : []));

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((length, i) => length !== b[i]);
  return at < 0 ? 0 : (b[at] ?? 0) - (a[at] ?? 0);
}

const firstNetwork = (members: readonly IpSetMember[]): readonly IpSetMember[] =>
  members.filter((member) => compare(lengths(member), lengths(members[0] ?? member)) === 0);

function partHolds(part: IpSetPart, probe: SetProbe, side: Side): boolean {
  const port = probe.port(side);
  switch (part.kind) {
    case 'prefix':
      return prefixContains(part.prefix, probe.address(side));
    case 'port':
      return port !== null && part.protocol === probe.protocol && port >= part.from && port <= part.to;
    case 'iface':
      return part.wildcard ? (probe.device(side) ?? '').startsWith(part.name) : probe.device(side) === part.name;
    case 'mark':
      return part.value === probe.mark;
    case 'mac':
      return part.mac === null || part.mac === probe.mac(side);
    case 'set':
      return false;
  }
}
