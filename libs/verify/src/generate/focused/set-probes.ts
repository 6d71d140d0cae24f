/** Sets of every type asked by rules without a target: which of them hold the packet is what is compared (see probes.ts). */
import type { FlowSpec } from '../../world/spec.ts';
import type { Draft } from '../draft.ts';
import { type IpsetType, ipsetMember, ipsetTypes } from '../ipsets.ts';
import { addFocused, type Focus, focusedShape } from './focused.ts';
import { gate, onTheWay, Rules } from './rules.ts';

const QUESTIONS_PER_PACKET = 20;
const MEMBERS_PER_SET = 7;

interface Made {
  readonly name: string;
  readonly dimensions: number;
}

export function focusedSetProbes(draft: Draft, count: number): void {
  const router = focusedShape(draft);
  const { random } = draft;
  const rules = new Rules();
  const sets: Record<'ipv4' | 'ipv6', Made[]> = { ipv4: [], ipv6: [] };
  for (const family of ['ipv4', 'ipv6'] as const) {
    for (const type of ipsetTypes(family)) {
      const name = `p-${family === 'ipv4' ? 4 : 6}-${type.name.replace(/[:,]/g, '-')}`;
      router.ipset.push(`${type.create(name)}${random.chance(0.4) ? options(draft, type, family) : ''}`);
      const members = Array.from({ length: MEMBERS_PER_SET }, () => ipsetMember(type, { draft, router, family }));
      // An address alone is completed by the first packet that is asked, and another entry for each rule behind.
      const whole = type.name === 'bitmap:ip,mac' ? members.filter((m) => m.includes(',')) : members;
      for (const member of whole) router.ipset.push(`add ${name} ${member} -exist`);
      sets[family].push({ name, dimensions: type.dimensions });
    }
    const list = `p-${family === 'ipv4' ? 4 : 6}-list`;
    const inside = random.some(sets[family], 3);
    router.ipset.push(`create ${list} list:set`, ...inside.map(({ name }) => `add ${list} ${name}`));
    sets[family].push({ name: list, dimensions: Math.max(...inside.map((s) => s.dimensions)) });
  }
  addFocused(draft, router, count, (focus, plain) => {
    const packet = random.chance(0.2) ? echo(plain) : plain;
    const [table, hook] = random.pick(onTheWay(focus, packet));
    const asked = packet.protocol === 'icmp' ? `-p ${focus.family === 'ipv4' ? 'icmp' : 'ipv6-icmp'}` : gate(focus);
    for (let i = 0; i < QUESTIONS_PER_PACKET; i++)
      rules.add(router, focus.family, table, hook, `${asked} ${question(focus, random.pick(sets[focus.family]))}`);
    return packet;
  });
  rules.load(draft);
}

const echo = (packet: FlowSpec): FlowSpec => ({
  ...packet,
  protocol: 'icmp',
  dport: 0,
  tcpFlags: null,
  sizeBytes: null,
});

function question({ draft: { random } }: Focus, { name, dimensions }: Made): string {
  const directions = Array.from({ length: dimensions }, () => random.pick(['src', 'dst'])).join(',');
  const exceptions = random.chance(0.15) ? ' --return-nomatch' : '';
  return `-m set ${random.chance(0.25) ? '! ' : ''}--match-set ${name} ${directions}${exceptions}`;
}

function options({ random }: Draft, { name }: IpsetType, family: 'ipv4' | 'ipv6'): string {
  const short = family === 'ipv4' ? random.pick([24, 31]) : random.pick([64, 127]);
  return random.pick([' timeout 3000', ' counters', ...(name === 'hash:ip' ? [` netmask ${short}`] : [])]);
}
