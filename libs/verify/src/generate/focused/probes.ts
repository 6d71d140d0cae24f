/**
 * Rules without a target: a packet goes on, and which of them it met is compared. So one packet is asked dozens of conditions, at the
 * edges of what they ask for: one more or less, each bit of a mask, before and after a rule has changed it.
 */
import type { FlowSpec } from '../../world/spec.ts';
import type { Draft } from '../draft.ts';
import type { Random } from '../random.ts';
import { type Hook, type Place, XT_MATCHES } from '../xtables/matches.ts';
import { addFocused, type Focus, focusedShape } from './focused.ts';
import { gate, onTheWay, Rules } from './rules.ts';

const CONDITIONS_PER_PACKET = 24;
const CHANGES_PER_PACKET = 3;

/** null: not for a packet like this, or not at this hook. */
type Condition = (focus: Focus, packet: FlowSpec, hook: Hook, table: string) => string | null;

export function focusedProbes(draft: Draft, count: number): void {
  const router = focusedShape(draft);
  const { random } = draft;
  router.sysctls.push('net/netfilter/nf_conntrack_acct = 1');
  router.ip.push(`route add 10.2.0.0/25 dev to-b realm ${random.pick(['5', '7/5', '0x1234'])}`);
  router.ip.push(`link set to-a group ${random.pick([0, 5, 7])}`);
  const rules = new Rules();
  addFocused(draft, router, count, (focus, plain) => {
    const packet = { ...plain, tos: random.pick([0, 4, 0x10, 0x28, 0xb8]), ttl: random.pick([64, 63, 3]) };
    const [table, hook] = random.pick(onTheWay(focus, packet));
    const add = (text: string): void => {
      // Now and then the packets that come back are asked.
      const back = !text.includes('dport') && random.chance(0.2);
      const asked = back ? gate(focus).replace('--sport', '--dport') : gate(focus);
      rules.add(router, focus.family, table, hook, `${asked} ${text.replace(/^-m (tcp|udp) /, '')}`);
    };
    const place: Place = { ...focus, ns: router, table, hooks: [hook] };
    const ask = (): void => {
      const own = random.chance(0.6);
      const text = own ? random.pick(EDGES)(focus, packet, hook, table) : random.pick(KNOWN)(place);
      if (text !== null) add(own && random.chance(0.2) ? negated(text) : text);
    };
    for (let i = 0; i < CONDITIONS_PER_PACKET / 3; i++) ask();
    if (random.chance(0.7))
      for (let i = 0; i < CHANGES_PER_PACKET; i++) add(random.pick(table === 'mangle' ? IN_MANGLE : ANYWHERE)(random));
    for (let i = 0; i < CONDITIONS_PER_PACKET; i++) ask();
    return packet;
  });
  rules.load(draft);
}

/** Of a lot nothing is compared, and the gate has the source port already. */
const KNOWN = Object.entries(XT_MATCHES)
  .filter(([kind]) => !['statistic-random', 'sport'].includes(kind))
  .map(([, maker]) => maker);

/** `-m ttl --ttl-eq 1` the other way round; options that come in pairs stay as they are. */
const negated = (text: string): string =>
  /^-m \w+ --(ttl-eq|hl-eq|tos|dscp|mark|length|src-range|dst-range|ctstate|ctstatus|realm|src-group|u32) [^-]+$/.test(
    text,
  )
    ? text.replace(' --', ' ! --')
    : text;

const bit = (random: Random, bits: number): string => `0x${(2 ** random.int(0, bits - 1)).toString(16)}`;
const word = (random: Random): string => `0x${random.int(0, 0x7fffffff).toString(16)}`;
const around = (random: Random, value: number): number => Math.max(0, value + random.int(-1, 1));

/** The smallest packets of the judge: see src/model/predict.ts. */
const sizes = (packet: FlowSpec): readonly number[] =>
  packet.sizeBytes === null ? [36, 40, 56, 60, 80] : [packet.sizeBytes];

const range = (random: Random, value: number, separator = ':'): string =>
  random.pick([
    `${around(random, value)}`,
    `${around(random, value)}${separator}65535`,
    `0${separator}${around(random, value)}`,
    `${value}${separator}${value + 1}`,
  ]);

const STATES = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED', 'DNAT', 'SNAT'];
const STATUSES = ['NONE', 'EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED'];
const TYPES = {
  ipv4: ['UNSPEC', 'UNICAST', 'LOCAL', 'BROADCAST', 'ANYCAST', 'MULTICAST', 'BLACKHOLE', 'UNREACHABLE', 'PROHIBIT'],
  ipv6: ['UNSPEC', 'UNICAST', 'LOCAL', 'MULTICAST', 'ANYCAST'],
} as const;

const EDGES: readonly Condition[] = [
  ({ draft: { random } }, packet) => `-m length --length ${range(random, random.pick(sizes(packet)))}`,
  ({ draft: { random }, family }, packet) =>
    family === 'ipv4'
      ? `-m ttl --ttl-${random.pick(['eq', 'lt', 'gt'])} ${around(random, packet.ttl)}`
      : `-m hl --hl-${random.pick(['eq', 'lt', 'gt'])} ${around(random, packet.ttl)}`,
  ({ draft: { random } }) => {
    const mask = bit(random, 8);
    return `-m tos --tos ${random.pick(['0x0', mask])}/${mask}`;
  },
  ({ draft: { random } }, packet) => `-m dscp --dscp ${random.pick([packet.tos >> 2, 1, 4, 10, 46])}`,
  ({ draft: { random } }) => `-m ecn --ecn-ip-ect ${random.int(0, 3)}`,
  ({ draft: { random } }) => {
    const mask = bit(random, 31);
    return `-m mark --mark ${random.pick(['0x0', mask])}/${mask}`;
  },
  ({ draft: { random } }, _, __, table) => {
    const mask = bit(random, 31);
    return table === 'raw' ? null : `-m connmark --mark ${random.pick(['0x0', mask])}/${mask}`;
  },
  ({ draft: { random } }, packet) =>
    `-m multiport --${random.pick(['dports', 'sports', 'ports'])} ${random.pick([`${packet.sport}`, `1:${packet.sport}`, `${packet.sport}:65535`, `${packet.sport + 1}:65535`, `1:${packet.dport}`, `${packet.dport + 1}:${packet.sport - 1}`])}`,
  ({ draft: { random }, protocol }, packet) =>
    `-m ${protocol} --dport ${random.pick([`${packet.dport}`, `${packet.dport}:`, `:${packet.dport}`, `:${packet.dport - 1}`, `${packet.dport + 1}:`])}`,
  ({ draft: { random }, family }, packet) => {
    const [low, high] = family === 'ipv4' ? ['0.0.0.0', '255.255.255.255'] : ['::', 'ffff::'];
    const { destination } = packet;
    const from = random.pick([low, destination]);
    return `-m iprange --${random.pick(['dst', 'src'])}-range ${from}-${from === low ? random.pick([destination, high]) : high}`;
  },
  ({ draft: { random }, family }, _, hook) => {
    const limit =
      hook === 'PREROUTING' || hook === 'INPUT'
        ? ' --limit-iface-in'
        : hook === 'POSTROUTING'
          ? ' --limit-iface-out'
          : '';
    return `-m addrtype --${random.pick(['src', 'dst'])}-type ${random.pick(TYPES[family])}${random.chance(0.4) ? limit : ''}`;
  },
  ({ draft: { random } }, _, __, table) => (table === 'raw' ? null : `-m conntrack --ctstate ${random.pick(STATES)}`),
  ({ draft: { random } }, _, __, table) =>
    table === 'raw' ? null : `-m conntrack --ctstatus ${random.pick(STATUSES)}`,
  ({ draft: { random } }, { destination }, __, table) =>
    table === 'raw'
      ? null
      : `-m conntrack --${random.pick(['ctorigdst', 'ctreplsrc', 'ctorigsrc', 'ctrepldst'])} ${destination}`,
  ({ draft: { random }, protocol }, packet, _, table) =>
    table === 'raw'
      ? null
      : `-m conntrack --ctproto ${protocol} --${random.pick(['ctorigsrcport', 'ctrepldstport'])} ${random.pick([`${packet.sport}`, `1:${packet.sport - 1}`, `${packet.sport}:65535`])}`,
  // Not `0:0`: iptables-save writes it as `0`, which is any number.
  ({ draft: { random } }, packet, _, table) =>
    table === 'raw'
      ? null
      : `-m connbytes --connbytes ${random.pick([`${around(random, random.pick([1, ...sizes(packet)]))}`, '1:1', '2', '0:1'])} --connbytes-dir ${random.pick(['original', 'reply', 'both'])} --connbytes-mode ${random.pick(['packets', 'bytes', 'avgpkt'])}`,
  ({ draft: { random } }, _, hook) =>
    hook === 'POSTROUTING' || hook === 'FORWARD'
      ? `-m devgroup --dst-group ${random.pick(['0', '0x0/0x1', '5'])}`
      : `-m devgroup --src-group ${random.pick(['0', '5', '7', '0x4/0x4', '0x1/0x1', '0x0/0x2'])}`,
  ({ draft: { random }, family }, _, hook) =>
    family === 'ipv4' && hook !== 'PREROUTING'
      ? `-m realm --realm ${random.pick(['5', '0x5/0xffff', '0x70000/0xffff0000', '0x75/0xff', '0x1234', '0x34/0xff'])}`
      : null,
  ({ draft: { random } }) => `-m pkttype --pkt-type ${random.pick(['unicast', 'broadcast', 'multicast'])}`,
  ({ draft: { random }, family }, packet) =>
    family === 'ipv4'
      ? `-m u32 --u32 "${random.pick([`0&0xFF=${packet.tos}`, `1&0xFF=${packet.tos}`, `5&0xFF=${packet.ttl}`, `5&0xFF=${packet.ttl - 1}:${packet.ttl}`, '6&0xFF=6,17', '6&0xFF=0:5,18:255', `0>>22&0x3C@0>>16=${packet.sport}`, `0>>22&0x3C@0&0xFFFF=${packet.dport}`, `0>>22&0x3C@2&0xFFFF=${packet.dport}:${packet.dport + 1}`, '0>>28=4', '0>>24&0xF=5&&6&0xFF=6', '16=0x0A020001', '12>>8=0x0A0100', '16&0xFF=1:2,254', '20<<16>>16=1:65535'])}"`
      : null,
  ({ draft: { random }, protocol }) =>
    protocol === 'tcp'
      ? `-m tcp --tcp-flags ${random.pick(['SYN SYN', 'ACK NONE', 'SYN,ACK SYN', 'ALL SYN', 'FIN FIN', 'RST,PSH NONE', 'ALL ACK'])}`
      : null,
  ({ family }, packet) =>
    `-${Math.abs(packet.sport) % 2 === 0 ? 'd' : 's'} ${packet.destination}${family === 'ipv4' ? '/31' : '/127'}`,
  ({ draft: { random } }, _, __, table) =>
    table === 'raw'
      ? null
      : `-m cluster --cluster-total-nodes ${random.int(2, 8)} --cluster-local-nodemask ${random.pick(['1', '2', '3'])} --cluster-hash-seed 0x${random.int(1, 0xffff).toString(16)}`,
];

type Change = (random: Random) => string;
const mark: Change = (random) =>
  `-j MARK ${random.pick([`--set-xmark ${word(random)}/${word(random)}`, `--set-mark ${word(random)}/${word(random)}`, `--or-mark ${word(random)}`, `--and-mark ${word(random)}`, `--xor-mark ${word(random)}`])}`;
const ANYWHERE: readonly Change[] = [mark];
const IN_MANGLE: readonly Change[] = [
  mark,
  (random) =>
    `-j CONNMARK ${random.pick([`--set-xmark ${word(random)}/${word(random)}`, `--set-mark ${word(random)}`, `--save-mark --nfmask ${word(random)} --ctmask ${word(random)}`, `--restore-mark --nfmask ${word(random)} --ctmask ${word(random)}`])}`,
  (random) =>
    `-j TOS ${random.pick([`--set-tos 0x${random.int(0, 255).toString(16)}/0x${random.int(0, 255).toString(16)}`, '--or-tos 0x04', '--and-tos 0xf8', '--xor-tos 0x1c'])}`,
  (random) => `-j DSCP --set-dscp 0x${random.int(0, 63).toString(16)}`,
];
