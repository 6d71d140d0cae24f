/** What random native rulesets have seldom: one expression, or one kind of set or map, for each packet, with a verdict behind it. */
import type { FlowSpec } from '../../world/spec.ts';
import { address } from '../addresses.ts';
import { type Draft, drawLots } from '../draft.ts';
import { NFT_MATCHES } from '../nftables/matches.ts';
import type { NftHook, NftPlace } from '../nftables/place.ts';
import { addFocused, type Focus, focusedShape } from './focused.ts';
import { mapCases, rarestSets, type SetCase, setCases } from './nft-sets.ts';
import { addProxy, PROXY_PORT, UNHEARD_PORT } from './proxy.ts';
import { routerAddress } from './rules.ts';

/** Where a rule of one packet goes: `prepare` comes before conntrack, `first` behind it, `then` at INPUT or FORWARD. */
type Chain = 'prepare' | 'dnat' | 'first' | 'then' | 'snat';

interface Ask {
  readonly focus: Focus;
  readonly packet: FlowSpec;
  readonly place: NftPlace;
  /** Is it for the router itself? */
  readonly inward: boolean;
  add(chain: Chain, ...rules: string[]): void;
  /** A set or a map of the table. */
  declare(lines: readonly string[]): void;
}
type Case = (ask: Ask) => FlowSpec | null;

const WHERE: Readonly<Record<Exclude<Chain, 'then'>, string>> = {
  prepare: 'type filter hook prerouting priority -290',
  dnat: 'type nat hook prerouting priority -90',
  first: 'type filter hook prerouting priority -140',
  snat: 'type nat hook postrouting priority 110',
};

export function focusedRareNft(draft: Draft, count: number): void {
  addCases(draft, count, () => draft.random.weighted(CASES));
}

/** The rarest of all take turns, so that each has the same share; `first` is the number of the world's first packet among them. */
export function rarestNft(draft: Draft, first: number, count: number): void {
  addCases(draft, count, (i) => RAREST[(first + i) % RAREST.length] as Case);
}

function addCases(draft: Draft, count: number, caseOf: (packet: number) => Case): void {
  const router = focusedShape(draft);
  const { random } = draft;
  addProxy(router, random);
  // One table for both families, or one for each.
  const both = random.chance(0.5);
  const tables = new Map<NftPlace['table'], Table>();
  addFocused(draft, router, count, (focus, packet, i) => {
    const { family, protocol, ports } = focus;
    const table = both ? 'inet' : family === 'ipv4' ? 'ip' : 'ip6';
    const { chains, sets } = tables.get(table) ?? { chains: new Map<string, string[]>(), sets: [] };
    tables.set(table, { chains, sets });
    const gate = `${both ? `meta nfproto ${family} ` : ''}${protocol} sport ${ports.from}-${ports.to}`;
    const inward = packet.destination === routerAddress(focus);
    const add = (chain: Chain, ...lines: string[]): void => {
      const name = chain === 'then' ? (inward ? 'input' : 'forward') : chain;
      const list = chains.get(name) ?? [];
      chains.set(name, list);
      list.push(...lines.map((line) => `${gate} ${line}`));
    };
    const declare = (lines: readonly string[]): void => void sets.push(...lines);
    const hooks: NftHook[] = ['prerouting'];
    const place: NftPlace = { draft, ns: router, table, chainType: 'filter', hooks, protocol, family, sets: [] };
    return caseOf(i)({ focus, packet, place, inward, add, declare });
  });
  for (const [name, table] of tables) router.nft.push(...print(name, table));
}

interface Table {
  readonly chains: Map<string, string[]>;
  readonly sets: string[];
}

const print = (name: string, { chains, sets }: Table): string[] => [
  `table ${name} f {`,
  ...sets,
  ...[...chains].flatMap(([chain, rules]) => [
    `chain at-${chain} {`,
    `  ${chain === 'input' || chain === 'forward' ? `type filter hook ${chain} priority 5` : WHERE[chain as keyof typeof WHERE]};`,
    ...rules.map((rule) => `  ${rule}`),
    '}',
  ]),
  '}',
];

/** A condition as any ruleset may have it, and a drop behind it. */
const known =
  (kind: string, at: 'first' | 'then'): Case =>
  ({ place, packet, inward, add }) => {
    const hooks: NftHook[] = at === 'first' ? ['prerouting'] : [inward ? 'input' : 'forward'];
    const text = NFT_MATCHES[kind]?.({ ...place, hooks }) ?? null;
    if (text === null) return null;
    add(at, `${text} drop`);
    return packet;
  };

const pick = (...texts: readonly string[]): Case => {
  return ({ focus, packet, add }) => {
    add(focus.draft.random.pick(['first', 'then'] as const), `${focus.draft.random.pick(texts)} drop`);
    return packet;
  };
};

const MARKED = 'meta mark != 0 drop';
const ip = ({ focus }: Ask): string => (focus.family === 'ipv4' ? 'ip' : 'ip6');
/** In a table of both families NAT says for which it is. */
const of = (ask: Ask): string => (ask.place.table === 'inet' ? ` ${ip(ask)}` : '');

const ofSet =
  (make: (ask: Pick<Ask, 'focus' | 'packet'>) => SetCase): Case =>
  ({ focus, packet, add, declare }) => {
    const { text, rule, behind } = make({ focus, packet });
    declare(text);
    add('first', rule);
    if (behind !== null) add('then', behind);
    return packet;
  };

const extension: Case = (ask) =>
  ask.focus.family === 'ipv4'
    ? pick('ip option lsrr missing', 'ip option rr missing', 'ip option rr exists')(ask)
    : pick('exthdr frag missing', 'exthdr hbh missing', 'exthdr rt missing', 'exthdr dst exists')(ask);

const way: Case = (ask) => {
  const { random } = ask.focus.draft;
  const near = ask.packet.destination;
  const nexthop = `rt ${ip(ask)} nexthop ${random.pick([near, near, `!= ${near}`, address(ask.focus.family, 1, 1)])}`;
  const classid = `rt classid ${random.pick(['5', '0x70005', '!= 0', '0'])}`;
  ask.add('then', `${ask.focus.family === 'ipv4' && random.chance(0.4) ? classid : nexthop} drop`);
  return ask.packet;
};

const atProxy: Case = (ask) => {
  const packet = {
    ...ask.packet,
    destination: routerAddress(ask.focus),
    dport: ask.focus.draft.random.pick([80, PROXY_PORT]),
  };
  return known('socket', 'first')({ ...ask, packet });
};

const connectionMark: Case = ({ focus, packet, add }) => {
  add('first', `ct mark set ${focus.draft.random.pick(['1', 'ct mark | 0x2', '0x4000'])}`);
  add('then', focus.draft.random.pick(['ct mark != 0 drop', 'ct mark 1 drop', 'ct mark & 0x2 == 0x2 drop']));
  return packet;
};

const proxied: Case = (ask) => {
  const { random } = ask.focus.draft;
  const port = random.pick([':15001', ':15001', ':80']);
  ask.add('first', `tproxy${of(ask)} to ${port} meta mark set ${random.pick(['0x100', '0x101'])} accept`);
  // A proxy answers from where the packet was sent to: of UDP it could not where another socket has that port.
  return { ...ask.packet, dport: UNHEARD_PORT };
};

const redirected: Case = ({ focus, packet, add }) => {
  add('dnat', `redirect to :${focus.draft.random.pick([80, 8080, 9])}`);
  return packet;
};

const masqueraded: Case = ({ focus, inward, packet, add }) => {
  if (inward) return null;
  add('snat', `masquerade${focus.draft.random.pick(['', ` to :${focus.ports.from + 3000}`])}`);
  return packet;
};

const untracked: Case = ({ focus: { draft }, packet, add }) => {
  add('prepare', 'notrack');
  add(
    draft.random.pick(['first', 'then'] as const),
    draft.random.pick(['ct state untracked drop', 'ct state new drop']),
  );
  return packet;
};

const outside: Case = (ask) =>
  pick(...['dport != 80-443', 'dport != 100-9000'].map((text) => `${ask.focus.protocol} ${text}`))(ask);

/** Values that are the host's own, compared in the order of the network. */
const ofLength = pick('meta length < 1600', 'meta length 20-1600', 'meta length != 20-1600', 'meta length <= 1500');

/** One packet each time that it is sent: of a connection the later ones draw again. */
const lot: Case = ({ focus, packet, add }) => {
  if (focus.protocol !== 'udp' || !drawLots(focus.draft)) return null;
  add('first', `numgen ${focus.draft.random.pick(['random', 'inc'])} mod 2 == ${focus.draft.random.int(0, 1)} drop`);
  return packet;
};

const CASES: readonly (readonly [weight: number, Case])[] = [
  ...setCases.map((make) => [1.2, ofSet(make)] as const),
  ...mapCases.map((make) => [2, ofSet(make)] as const),
  [2, pick('meta mark < 3', 'meta length > 50', 'meta length < 100', 'meta length != 40-70')],
  [5, outside],
  [5, extension],
  ...(['fib-type', 'fib-saddr-type', 'fib-oif', 'fib-oifname'] as const).map(
    (kind) => [1.6, known(kind, 'first')] as const,
  ),
  [6, way],
  [5, ofLength],
  [5, known('jhash', 'first')],
  [5, lot],
  [8, atProxy],
  [
    2,
    (ask) => {
      const { random } = ask.focus.draft;
      ask.add(
        random.pick(['first', 'then'] as const),
        `${ip(ask)} ${random.pick(['dscp set ef', 'dscp set cs1', ask.focus.family === 'ipv4' ? 'ttl set 40' : 'hoplimit set 40'])}`,
      );
      return ask.packet;
    },
  ],
  [
    3,
    ({ focus, packet, add }) => {
      const { random } = focus.draft;
      add(
        'first',
        `meta mark set ${random.pick(['1', 'mark | 0x2', `${focus.protocol} dport map { 0-443 : 1, 444-65535 : 2 }`])}`,
      );
      add('then', random.pick([MARKED, 'meta mark 1 drop', 'meta mark & 0x3 == 0x2 drop']));
      return packet;
    },
  ],
  [6, connectionMark],
  [5, untracked],
  [6, proxied],
  [3, redirected],
  [
    1.5,
    (ask) => {
      ask.add('dnat', `dnat${of(ask)} to ${address(ask.focus.family, 2, ask.focus.draft.random.pick([1, 254, 77]))}`);
      return ask.packet;
    },
  ],
  [5, masqueraded],
  [
    1.5,
    ({ focus, packet, add }) => {
      const { random } = focus.draft;
      add('then', focus.protocol === 'tcp' && random.chance(0.5) ? 'reject with tcp reset' : 'reject');
      return packet;
    },
  ],
];

const RAREST: readonly Case[] = [
  extension,
  way,
  connectionMark,
  connectionMark,
  redirected,
  masqueraded,
  atProxy,
  atProxy,
  proxied,
  known('jhash', 'first'),
  known('jhash', 'first'),
  known('fib-type', 'first'),
  known('fib-oif', 'first'),
  lot,
  untracked,
  outside,
  ofLength,
  ...rarestSets.map(ofSet),
];
