/** Sets of every type that the kernel here has, and rules that ask them. */
import { address, FAMILIES } from './addresses.ts';
import type { Draft, DraftNamespace } from './draft.ts';
import type { Random } from './random.ts';
import { addRules, variantFor } from './xtables/variant.ts';

type Family = 'ipv4' | 'ipv6';

interface SetKind {
  readonly create: string;
  readonly families: readonly Family[];
  /** Directions that a rule gives it. */
  readonly dimensions: number;
  member(draft: Draft, ns: DraftNamespace, family: Family): string;
}

const host = ({ random }: Draft, family: Family): string => address(family, random.int(1, 3), random.pick([1, 2, 254]));
const net = (draft: Draft, family: Family): string => {
  const subnet = draft.random.int(1, 3);
  return draft.random.pick(
    family === 'ipv4'
      ? [`10.${subnet}.0.0/24`, `10.${subnet}.0.0/31`, `10.${subnet & ~1}.0.0/15`, `${host(draft, family)}/32`]
      : [`fd00:${subnet}::/64`, `fd00:${subnet}::/127`, `fd00:${subnet}::/32`, `${host(draft, family)}/128`],
  );
};
const proto = (random: Random, family: Family): string =>
  random.pick([
    'tcp:80',
    'udp:80',
    'tcp:443',
    'udp:8080',
    'tcp:70-90',
    'udp:8070-8090',
    family === 'ipv4' ? 'icmp:8/0' : 'icmpv6:128/0',
  ]);
const ifaceOf = ({ random }: Draft, ns: DraftNamespace): string =>
  ns.devices.length > 0 ? random.pick(ns.devices).name : 'lo';

const BOTH = FAMILIES;
const KINDS: Readonly<Record<string, SetKind>> = {
  'hash:ip': { create: 'hash:ip', families: BOTH, dimensions: 1, member: (d, _, f) => host(d, f) },
  'hash:net': {
    create: 'hash:net',
    families: BOTH,
    dimensions: 1,
    member: (d, _, f) => `${net(d, f)}${d.random.chance(0.3) ? ' nomatch' : ''}`,
  },
  'hash:ip,port': {
    create: 'hash:ip,port',
    families: BOTH,
    dimensions: 2,
    member: (d, _, f) => `${host(d, f)},${proto(d.random, f)}`,
  },
  'hash:net,port': {
    create: 'hash:net,port',
    families: BOTH,
    dimensions: 2,
    member: (d, _, f) => `${net(d, f)},${proto(d.random, f)}${d.random.chance(0.2) ? ' nomatch' : ''}`,
  },
  'hash:ip,port,ip': {
    create: 'hash:ip,port,ip',
    families: BOTH,
    dimensions: 3,
    member: (d, _, f) => `${host(d, f)},${proto(d.random, f)},${host(d, f)}`,
  },
  'hash:ip,port,net': {
    create: 'hash:ip,port,net',
    families: BOTH,
    dimensions: 3,
    member: (d, _, f) => `${host(d, f)},${proto(d.random, f)},${net(d, f)}`,
  },
  'hash:net,iface': {
    create: 'hash:net,iface',
    families: BOTH,
    dimensions: 2,
    member: (d, ns, f) => `${net(d, f)},${ifaceOf(d, ns)}`,
  },
  'bitmap:ip': {
    create: 'bitmap:ip range 10.0.0.0-10.0.255.255',
    families: ['ipv4'],
    dimensions: 1,
    member: (d) => `10.0.${d.random.int(0, 255)}.1`,
  },
  'bitmap:port': {
    create: 'bitmap:port range 0-65535',
    families: BOTH,
    dimensions: 1,
    member: (d) => d.random.pick(['80', '443', '8080', '1020-1030']),
  },
  'bitmap:ip,mac': {
    create: 'bitmap:ip,mac range 10.1.0.0-10.1.0.255',
    families: ['ipv4'],
    dimensions: 2,
    member: (d) =>
      `10.1.0.${d.random.pick([1, 2, 254])}${d.random.chance(0.4) ? `,02:00:00:00:00:0${d.random.int(1, 3)}` : ''}`,
  },
};

export interface IpsetType {
  readonly name: string;
  readonly dimensions: number;
  create(name: string): string;
  member(draft: Draft, ns: DraftNamespace, family: Family): string;
}

const createLine = (name: string, kind: SetKind, family: Family): string =>
  `create ${name} ${kind.create}${kind.create.startsWith('hash') ? ` family ${family === 'ipv4' ? 'inet' : 'inet6'}` : ''}`;

/** The types that can hold addresses of the family. */
export const ipsetTypes = (family: Family): readonly IpsetType[] =>
  Object.entries(KINDS)
    .filter(([, kind]) => kind.families.includes(family))
    .map(([name, kind]) => ({
      name,
      dimensions: kind.dimensions,
      create: (set) => createLine(set, kind, family),
      member: kind.member,
    }));

export const ipsetMember = (
  type: IpsetType,
  { draft, router, family }: { readonly draft: Draft; readonly router: DraftNamespace; readonly family: Family },
): string => type.member(draft, router, family);

export function ipsets(draft: Draft): void {
  const { random } = draft;
  const routers = draft.namespaces.filter((ns) => ns.router);
  const ns = random.pick(routers.length > 0 ? routers : draft.namespaces);
  const made: { name: string; family: Family; dimensions: number }[] = [];
  for (const type of random.some(Object.keys(KINDS), random.int(2, 4))) {
    const kind = KINDS[type] as SetKind;
    const family = random.pick(kind.families);
    const name = `s-${type.replace(/[:,]/g, '-')}`;
    ns.ipset.push(createLine(name, kind, family));
    const members = new Set(Array.from({ length: random.int(1, 5) }, () => kind.member(draft, ns, family)));
    const seen = new Set<string>();
    for (const member of members) {
      const [key = ''] = member.split(' ');
      if (seen.has(key)) continue;
      seen.add(key);
      ns.ipset.push(`add ${name} ${member} -exist`);
    }
    // A set of ports or of one family's addresses may stand in rules of that family only.
    made.push({ name, family, dimensions: kind.dimensions });
  }
  if (random.chance(0.4)) {
    const same = made.filter((s) => s.family === made[0]?.family);
    ns.ipset.push('create s-list list:set', ...same.map((s) => `add s-list ${s.name}`));
    made.push({
      name: 's-list',
      family: same[0]?.family ?? 'ipv4',
      dimensions: Math.max(...same.map((s) => s.dimensions)),
    });
  }
  for (const family of FAMILIES) {
    const usable = made.filter((s) => s.family === family);
    if (usable.length === 0) continue;
    const lines = usable.flatMap((set) =>
      Array.from({ length: random.int(1, 2) }, () => {
        const directions = Array.from({ length: set.dimensions }, () => random.pick(['src', 'dst'])).join(',');
        const target = random.pick(['DROP', 'ACCEPT', 'MARK --set-mark 1', 'REJECT']);
        const real = target.startsWith('MARK') ? 'NFLOG --nflog-group 9' : target;
        return `-A ${random.pick(['INPUT', 'FORWARD', 'FORWARD'])} -m set ${random.chance(0.25) ? '! ' : ''}--match-set ${set.name} ${directions} -j ${real}`;
      }),
    );
    addRules(variantFor(draft, ns, family), 'filter', ['INPUT', 'FORWARD', 'OUTPUT'], lines);
  }
}
