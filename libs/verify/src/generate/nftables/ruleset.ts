/** A random native ruleset, as `nft -f` takes it. */
import type { Draft, DraftNamespace } from '../draft.ts';
import { NFT_MATCHES } from './matches.ts';
import { anEnd, type NamedSet, type NftHook, type NftPlace, someAddresses } from './place.ts';
import { priorityOf } from './priority.ts';
import { NFT_STATEMENTS } from './statements.ts';

type Family = 'ipv4' | 'ipv6';

const CHAIN_KINDS: readonly (readonly [weight: number, type: NftPlace['chainType'], hooks: readonly NftHook[]])[] = [
  [6, 'filter', ['prerouting', 'input', 'forward', 'output', 'postrouting']],
  [4, 'nat', ['prerouting', 'input', 'output', 'postrouting']],
  [1, 'route', ['output']],
];

export function nftRules(draft: Draft): void {
  const { random } = draft;
  for (const ns of draft.namespaces) {
    if (!random.chance(ns.router ? 0.8 : 0.2)) continue;
    for (let i = 0; i < random.int(1, 2); i++) ns.nft.push(...table(draft, ns, `t${i}`));
  }
}

function table(draft: Draft, ns: DraftNamespace, name: string): string[] {
  const { random } = draft;
  const family = random.weighted([
    [3, 'inet'],
    [2, 'ip'],
    [2, 'ip6'],
  ] as const);
  const families: readonly Family[] = family === 'inet' ? ['ipv4', 'ipv6'] : family === 'ip' ? ['ipv4'] : ['ipv6'];
  const sets = Array.from({ length: random.int(0, 3) }, (_, i) => namedSet(draft, `s${i}`, random.pick(families)));
  const chains: string[] = [];
  const deeper = random.chance(0.5) ? [`${name}deep`] : [];
  let anyNat = false;
  for (let i = 0; i < random.int(1, 4); i++) {
    const [type, hook] = chainKind(draft);
    if (type === 'nat') anyNat = true;
    const priority = priorityOf(draft, ns, type, hook);
    const policy = type === 'filter' && random.chance(0.1) ? 'drop' : 'accept';
    chains.push(
      `chain c${i} {`,
      `  type ${type} hook ${hook} priority ${priority}; policy ${policy};`,
      ...rules(
        draft,
        { draft, ns, table: family, chainType: type, hooks: [hook], sets },
        families,
        type === 'filter' ? deeper : [],
      ),
      '}',
    );
  }
  // Reached from filter chains of any hook.
  const deep = deeper.flatMap((chain) => [
    `chain ${chain} {`,
    ...rules(
      draft,
      {
        draft,
        ns,
        table: family,
        chainType: 'filter',
        hooks: ['prerouting', 'input', 'forward', 'output', 'postrouting'],
        sets,
      },
      families,
      [],
    ),
    '}',
  ]);
  return [`table ${family} ${name} {`, ...sets.flatMap((s) => s.text), ...deep, ...chains, '}', ...(anyNat ? [] : [])];
}

function chainKind({ random }: Draft): readonly [NftPlace['chainType'], NftHook] {
  const [, type, hooks] = random.weighted(CHAIN_KINDS.map((kind) => [kind[0], kind] as const));
  return [type, random.pick(hooks)];
}

function rules(
  draft: Draft,
  place: Omit<NftPlace, 'protocol' | 'family'>,
  families: readonly Family[],
  deeper: readonly string[],
): string[] {
  return Array.from({ length: draft.random.int(0, 4) }, () => {
    const protocol = draft.random.pick(['tcp', 'udp', 'icmp', null] as const);
    return `  ${rule({ ...place, protocol, family: draft.random.pick(families) }, deeper)}`;
  });
}

function rule(place: NftPlace, deeper: readonly string[]): string {
  const { random } = place.draft;
  const parts: string[] = [];
  const kinds = Object.keys(NFT_MATCHES);
  for (let wanted = random.int(0, 2), tries = 0; parts.length < wanted && tries < 6; tries++) {
    const text = NFT_MATCHES[random.pick(kinds)]?.(place) ?? null;
    if (text !== null) parts.push(text);
  }
  if (deeper.length > 0 && random.chance(0.25))
    parts.push(`${random.pick(['jump', 'jump', 'goto'])} ${random.pick(deeper)}`);
  else parts.push(statement(place));
  return withContext(place, parts.join(' '));
}

/** What nft needs to hear first for NAT of ports, for a TCP reset and for a family's addresses in an inet table. */
function withContext(place: NftPlace, text: string): string {
  const l4 = place.protocol === 'icmp' ? (place.family === 'ipv4' ? 'icmp' : 'ipv6-icmp') : place.protocol;
  const family =
    place.table === 'inet' && / (dnat|snat|tproxy) |reject with icmp(v6)? /.test(` ${text}`)
      ? `meta nfproto ${place.family} `
      : '';
  return `${family}${l4 !== null && /dnat|snat|redirect|tproxy|tcp reset|masquerade/.test(text) ? `meta l4proto ${l4} ` : ''}${text}`;
}

function statement(place: NftPlace): string {
  const makers = Object.values(NFT_STATEMENTS);
  for (let tries = 0; tries < 20; tries++) {
    const text = place.draft.random.weighted(makers)(place);
    if (text !== null) return text;
  }
  return 'accept';
}

const TYPE = { ipv4: 'ipv4_addr', ipv6: 'ipv6_addr' } as const;

export function namedSet(draft: Draft, name: string, family: Family): NamedSet {
  const { random } = draft;
  const verdict = (): string => random.pick(['accept', 'drop', 'return', 'accept']);
  const address = (): string => anEnd(draft, family);
  const declared = (
    key: NamedSet['key'],
    gives: NamedSet['gives'],
    type: string,
    elements: readonly string[],
    flags = '',
  ): NamedSet => ({
    name,
    key,
    family,
    gives,
    text: [
      `${gives === 'nothing' ? 'set' : 'map'} ${name} {`,
      `  type ${type};`,
      ...(flags === '' ? [] : [`  flags ${flags};`]),
      `  elements = { ${[...new Map(elements.map((e) => [e.split(' : ')[0], e])).values()].join(', ')} }`,
      '}',
    ],
  });
  return random.pick<() => NamedSet>([
    () => declared('address', 'nothing', TYPE[family], [address(), address()]),
    () => declared('address', 'nothing', TYPE[family], [someAddresses(draft, family)], 'interval'),
    () => declared('port', 'nothing', 'inet_service', ['80', '1024-8080'], 'interval'),
    () => declared('mark', 'nothing', 'mark', ['0x1', '0x4000']),
    () => declared('ifname', 'nothing', 'ifname', ['"eth0"', '"lo"']),
    () =>
      declared('address-port', 'nothing', `${TYPE[family]} . inet_service`, [
        `${address()} . 80`,
        `${address()} . 443`,
      ]),
    () =>
      declared(
        'address-port',
        'nothing',
        `${TYPE[family]} . inet_service`,
        [`${someAddresses(draft, family)} . 80-443`, `${address()} . 8080`],
        'interval',
      ),
    () =>
      declared('port', 'verdict', 'inet_service : verdict', [
        `80 : ${verdict()}`,
        `443 : ${verdict()}`,
        `8080 : ${verdict()}`,
      ]),
    () =>
      declared('address', 'verdict', `${TYPE[family]} : verdict`, [
        `${address()} : ${verdict()}`,
        `${address()} : ${verdict()}`,
      ]),
    () =>
      declared(
        'address',
        'verdict',
        `${TYPE[family]} : verdict`,
        [`${someAddresses(draft, family)} : ${verdict()}`],
        'interval',
      ),
    () =>
      declared('address-proto-port', 'verdict', `${TYPE[family]} . inet_proto . inet_service : verdict`, [
        `${address()} . tcp . 80 : ${verdict()}`,
        `${address()} . udp . 443 : ${verdict()}`,
        `${address()} . tcp . 8080 : ${verdict()}`,
      ]),
  ])();
}
