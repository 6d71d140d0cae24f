/** nft rules without a verdict: a packet goes on, and which of them it met is compared (see probes.ts). */
import type { FlowSpec } from '../../world/spec.ts';
import type { Draft } from '../draft.ts';
import { NFT_MATCHES } from '../nftables/matches.ts';
import type { NftHook, NftPlace } from '../nftables/place.ts';
import { namedSet } from '../nftables/ruleset.ts';
import type { Random } from '../random.ts';
import { addFocused, type Focus, focusedShape } from './focused.ts';
import { routerAddress } from './rules.ts';

const CONDITIONS_PER_PACKET = 24;
const KNOWN = Object.entries(NFT_MATCHES)
  .filter(([kind]) => kind !== 'numgen')
  .map(([, maker]) => maker);

export function focusedNftProbes(draft: Draft, count: number): void {
  const router = focusedShape(draft);
  const { random } = draft;
  router.sysctls.push('net/netfilter/nf_conntrack_acct = 1');
  const sets = Array.from({ length: 6 }, (_, i) => namedSet(draft, `s${i}`, random.pick(['ipv4', 'ipv6'] as const)));
  const chains = new Map<NftHook, string[]>();
  addFocused(draft, router, count, (focus, plain) => {
    const packet = { ...plain, tos: random.pick([0, 4, 0x10, 0x28, 0xb8]), ttl: random.pick([64, 63, 3]) };
    const { family, protocol, ports } = focus;
    const stays = packet.destination === routerAddress(focus);
    const hook = random.pick<NftHook>(stays ? ['prerouting', 'input'] : ['prerouting', 'forward', 'postrouting']);
    const place: NftPlace = {
      draft,
      ns: router,
      table: 'inet',
      chainType: 'filter',
      hooks: [hook],
      protocol,
      family,
      sets,
    };
    const rules = chains.get(hook) ?? [];
    chains.set(hook, rules);
    const gate = `meta nfproto ${family} ${protocol} sport ${ports.from}-${ports.to}`;
    const ask = (): void => {
      const text = random.chance(0.5) ? random.pick(KNOWN)(place) : random.pick(EDGES)(focus, packet);
      // The gate asks for the family and the protocol already: asking again would be a conflict or nothing.
      if (text === null || /^meta (nfproto|l4proto)/.test(text)) return;
      rules.push(`${gate} ${text}`);
    };
    for (let i = 0; i < CONDITIONS_PER_PACKET / 3; i++) ask();
    for (let i = random.int(0, 2); i > 0; i--) rules.push(`${gate} ${random.pick(CHANGES)(focus)}`);
    for (let i = 0; i < CONDITIONS_PER_PACKET; i++) ask();
    return packet;
  });
  router.nft.push(
    'table inet f {',
    ...sets.flatMap((set) => set.text),
    ...[...chains].flatMap(([hook, rules]) => [
      `chain ${hook} {`,
      `  type filter hook ${hook} priority ${hook === 'prerouting' ? -150 : 5};`,
      ...rules.map((rule) => `  ${rule}`),
      '}',
    ]),
    '}',
  );
}

const around = (random: Random, value: number): number => Math.max(0, value + random.int(-1, 1));
const bits = (random: Random, count: number): string => `0x${(2 ** random.int(0, count - 1)).toString(16)}`;
const compared = (random: Random, value: number): string =>
  random.pick([
    `${around(random, value)}`,
    `!= ${value}`,
    `< ${around(random, value)}`,
    `<= ${around(random, value)}`,
    `> ${around(random, value)}`,
    `>= ${around(random, value)}`,
    `${around(random, value)}-${value + 2}`,
    `!= ${around(random, value)}-${value + 2}`,
    `{ ${around(random, value)}, ${value + 7} }`,
    `{ ${around(random, value)}-${value + 3}, ${value + 9} }`,
    `!= { ${around(random, value)}-${value + 3}, ${value + 9} }`,
  ]);

type Edge = (focus: Focus, packet: FlowSpec) => string | null;

const EDGES: readonly Edge[] = [
  ({ draft: { random }, protocol }, packet) => `${protocol} dport ${compared(random, packet.dport)}`,
  ({ draft: { random }, protocol }, packet) => `${protocol} sport ${compared(random, packet.sport)}`,
  ({ draft: { random } }, packet) => `th dport ${compared(random, packet.dport)}`,
  ({ draft: { random }, family }, packet) =>
    `${family === 'ipv4' ? 'ip ttl' : 'ip6 hoplimit'} ${compared(random, packet.ttl)}`,
  ({ draft: { random }, family }, packet) =>
    `${family === 'ipv4' ? 'ip' : 'ip6'} dscp ${random.pick(['', '!= '])}${random.pick([packet.tos >> 2, 1, 10])}`,
  ({ draft: { random } }, packet) => `meta length ${compared(random, packet.sizeBytes ?? random.pick([40, 60, 80]))}`,
  ({ draft: { random } }) => {
    const mask = bits(random, 31);
    return `meta mark & ${mask} ${random.pick(['==', '!='])} ${random.pick(['0x0', mask])}`;
  },
  ({ draft: { random } }) => {
    const mask = bits(random, 31);
    return `ct mark & ${mask} ${random.pick(['==', '!='])} ${random.pick(['0x0', mask])}`;
  },
  ({ draft: { random }, family }, packet) => {
    const ip = family === 'ipv4' ? 'ip' : 'ip6';
    const low = family === 'ipv4' ? '10.0.0.0' : 'fd00::';
    return `${ip} ${random.pick(['daddr', 'saddr'])} ${random.pick([packet.destination, `!= ${packet.destination}`, `< ${packet.destination}`, `<= ${packet.destination}`, `> ${packet.destination}`, `>= ${packet.destination}`, `${low}-${packet.destination}`, `{ ${low}-${packet.destination} }`])}`;
  },
  ({ draft: { random } }, packet) =>
    `@th,${random.pick(['24,8', '16,8', '8,8', '0,8'])} ${random.pick(['==', '!='])} ${(packet.dport & 0xff).toString()}`,
  ({ draft: { random }, family }, packet) =>
    family === 'ipv4'
      ? `@nh,${random.pick(['64,8', '8,8', '0,8', '72,8'])} ${random.pick([packet.ttl, packet.tos, 0x45, 6, 17])}`
      : random.pick([`@nh,56,8 ${packet.ttl}`, '@nh,48,8 { 6, 58 }', '@nh,0,4 6', '@nh,0,4 != 6']),
  ({ draft: { random } }) => `ct state ${random.pick(['new', 'established', 'related', 'invalid', 'untracked'])}`,
  ({ draft: { random } }) =>
    `ct status ${random.pick(['expected', 'seen-reply', 'assured', 'confirmed', 'snat', 'dnat', 'dying'])}`,
  ({ draft: { random } }) =>
    `ct ${random.pick(['', 'original ', 'reply '])}${random.pick(['packets', 'bytes', 'avgpkt'])} ${random.pick(['0', '1', '> 1', '< 60', '>= 60', '> 40'])}`,
  ({ draft: { random }, family }) =>
    `ct ${random.pick(['original', 'reply'])} ${random.pick(['l3proto', 'protocol'])} ${random.pick([2, 10, 6, 17])}`.replace(
      /l3proto \d+/,
      `l3proto ${family}`,
    ),
  ({ draft: { random } }, packet) =>
    `ct ${random.pick(['original', 'reply'])} proto-${random.pick(['src', 'dst'])} ${compared(random, random.pick([packet.sport, packet.dport]))}`,
  ({ draft: { random } }) => `ct zone ${random.pick(['0', '1', '!= 0'])}`,
  ({ draft: { random } }) => `ct id != ${random.int(1, 9)}`,
  ({ draft: { random } }) => `meta protocol ${random.pick(['ip', 'ip6', '!= ip'])}`,
  ({ draft: { random } }) => `meta priority ${random.pick(['0', '!= 0', '0:6'])}`,
  ({ draft: { random } }) => `meta iifkind ${random.pick(['', '!= '])}"veth"`,
];

type Change = (focus: Focus) => string;
const CHANGES: readonly Change[] = [
  ({ draft: { random } }) => `meta mark set 0x${random.int(1, 0x7fffffff).toString(16)}`,
  ({ draft: { random } }) => `meta mark set meta mark | 0x${random.int(1, 0xffff).toString(16)}`,
  ({ draft: { random } }) => `meta mark set meta mark & 0x${random.int(1, 0xffff).toString(16)}`,
  ({ draft: { random } }) => `meta mark set meta mark ^ 0x${random.int(1, 0xffff).toString(16)}`,
  ({ draft: { random } }) => `ct mark set 0x${random.int(1, 0x7fffffff).toString(16)}`,
  () => 'ct mark set meta mark',
  () => 'meta mark set ct mark',
  ({ draft: { random }, family }) =>
    `${family === 'ipv4' ? 'ip' : 'ip6'} dscp set ${random.pick(['ef', 'cs1', '0x15'])}`,
  ({ draft: { random }, family }) => `${family === 'ipv4' ? 'ip ttl' : 'ip6 hoplimit'} set ${random.int(2, 255)}`,
  ({ draft: { random }, protocol }) =>
    `meta mark set ${protocol} dport ${random.pick(['map { 80 : 1, 443 : 2, 8080 : 0x40000000 }', 'map { 0-1023 : 3, 1024-65535 : 0x81 }'])}`,
];
