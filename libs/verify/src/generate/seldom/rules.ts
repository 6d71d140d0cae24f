/** Policy rules that ask for what is seldom asked for, each of the packets to one address. */
import { type Kind, linesOf, once, withPorts } from './wide.ts';

const end = ['blackhole', 'prohibit', 'unreachable'] as const;

/** At the sender: its socket's device. */
const byDevice: Kind = ({ a, draft: { random } }, { family, only }, packet) => {
  linesOf(a, family).push(`rule add to ${only} oif ${random.pick(['eth0', 'eth0', 'lo'])} ${random.pick(end)}`);
  return { ...packet, device: random.chance(0.8) ? 'eth0' : null };
};

/** A route that leads out of a device of the group is as none, and the next rule refuses. */
const suppressedBy =
  (what: 'group' | 'length'): Kind =>
  (wide, { family, only }, packet) => {
    const { r, draft } = wide;
    const { random } = draft;
    once(wide, 'group', () => r.ip.push('link set to-b group 7'));
    const how =
      what === 'group'
        ? `suppress_ifgroup ${random.pick([7, 7, 8])}`
        : `suppress_prefixlength ${random.pick([0, 24, 64, 128])}`.replace('128', family === 'ipv4' ? '31' : '127');
    const at = 20_000 + 2 * (packet.sport % 5000);
    linesOf(r, family).push(
      `rule add pref ${at} to ${only} lookup main ${how}`,
      `rule add pref ${at + 1} to ${only} ${random.pick(end)}`,
    );
    return packet;
  };

/** A rule that refuses the packet, or does not: it has one selector beside the packet's address. */
const refusedIf =
  (where: 'a' | 'r', selectors: readonly string[]): Kind =>
  (wide, { family, only }, packet) => {
    const { random } = wide.draft;
    linesOf(wide[where], family).push(`rule add to ${only} ${random.pick(selectors)} ${random.pick(end)}`);
    return {
      ...packet,
      tos: random.pick([0, 0x10]),
      mark: random.pick([0, 1]),
      uid: random.pick([0, 1000]),
    };
  };

const byPort: Kind = (wide, aim, given) => {
  const packet = withPorts(given);
  const asked = [`ipproto ${packet.protocol} dport 80`, `ipproto ${packet.protocol} dport 443-8080`];
  return refusedIf('r', asked)(wide, aim, packet);
};

/** Past the rule that refuses it. */
const past: Kind = ({ r, draft: { random } }, { family, only }, packet) => {
  const at = 20_000 + 3 * (packet.sport % 3000);
  linesOf(r, family).push(
    `rule add pref ${at + 2} to ${only} lookup main`,
    `rule add pref ${at} to ${only} goto ${at + 2}`,
    `rule add pref ${at + 1} to ${only} ${random.pick(end)}`,
  );
  return packet;
};

export const RULE_KINDS: readonly Kind[] = [
  past,
  past,
  refusedIf('r', ['iif to-a', 'iif to-a', 'iif to-b', 'not iif to-a', 'iif lo']),
  refusedIf('r', ['iif to-a', 'iif to-b']),
  byDevice,
  suppressedBy('group'),
  suppressedBy('length'),
  byPort,
  refusedIf('a', ['fwmark 1', 'fwmark 1/1', 'fwmark 0/1']),
  refusedIf('a', ['uidrange 1000-1000', 'uidrange 0-999']),
  refusedIf('r', ['tos 0x10', 'not tos 0x10']),
];
