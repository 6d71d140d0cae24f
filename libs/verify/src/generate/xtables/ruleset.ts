/** A random ruleset of iptables or ip6tables, as its restore tool takes it. */
import type { Draft, DraftNamespace } from '../draft.ts';
import { type Hook, not, type Place, XT_MATCHES } from './matches.ts';
import { XT_TARGETS } from './targets.ts';

const TABLES: Readonly<Record<string, readonly Hook[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
};

export function xtRules(draft: Draft): void {
  const { random } = draft;
  for (const ns of draft.namespaces) {
    if (!random.chance(ns.router ? 0.9 : 0.25)) continue;
    for (const family of ['ipv4', 'ipv6'] as const)
      for (const variant of random.weighted<readonly ('legacy' | 'nft')[]>([
        [3, ['legacy']],
        [3, ['nft']],
        // Both have their tables at the same priorities, in an order that cannot be collected (nftables/priority.ts).
        [0.15, ['legacy', 'nft']],
      ]))
        listOf(ns, family, variant).push(...ruleset(draft, ns, family));
  }
}

function listOf(ns: DraftNamespace, family: 'ipv4' | 'ipv6', variant: 'legacy' | 'nft'): string[] {
  if (family === 'ipv4') return variant === 'legacy' ? ns.iptablesLegacy : ns.iptablesNft;
  return variant === 'legacy' ? ns.ip6tablesLegacy : ns.ip6tablesNft;
}

function ruleset(draft: Draft, ns: DraftNamespace, family: 'ipv4' | 'ipv6'): string[] {
  const { random } = draft;
  const tables = random.some(Object.keys(TABLES), random.int(1, 4));
  return tables.flatMap((table) => {
    const hooks = TABLES[table] ?? [];
    const chains = table === 'nat' ? [] : ['c1', 'c2'].slice(0, random.int(0, 2));
    return [
      `*${table}`,
      ...hooks.map((hook) => `:${hook} ${table === 'filter' && random.chance(0.12) ? 'DROP' : 'ACCEPT'} [0:0]`),
      ...chains.map((chain) => `:${chain} - [0:0]`),
      ...hooks.flatMap((hook) => rules(draft, ns, family, table, hook, [hook], chains)),
      // A chain may be reached from any hook of its table, and may jump to the ones after it.
      ...chains.flatMap((chain, i) => rules(draft, ns, family, table, chain, hooks, chains.slice(i + 1))),
      'COMMIT',
    ];
  });
}

function rules(
  draft: Draft,
  ns: DraftNamespace,
  family: 'ipv4' | 'ipv6',
  table: string,
  chain: string,
  hooks: readonly Hook[],
  deeper: readonly string[],
): string[] {
  const count = draft.random.int(0, 3);
  return Array.from({ length: count }, () => rule(draft, ns, family, table, chain, hooks, deeper));
}

function rule(
  draft: Draft,
  ns: DraftNamespace,
  family: 'ipv4' | 'ipv6',
  table: string,
  chain: string,
  hooks: readonly Hook[],
  deeper: readonly string[],
): string {
  const { random } = draft;
  const protocol = random.pick(['tcp', 'udp', 'icmp', null, null] as const);
  const place: Place = { draft, ns, family, table, hooks, protocol };
  const matches: string[] = [];
  if (protocol !== null) matches.push(`-p ${protocol === 'icmp' && family === 'ipv6' ? 'ipv6-icmp' : protocol}`);
  else if (random.chance(0.2)) matches.push(not(place, '-p tcp'));
  const kinds = Object.keys(XT_MATCHES);
  const used = new Set<string>();
  for (let wanted = random.int(0, 2), tries = 0; matches.length < wanted + 1 && tries < 6; tries++) {
    const kind = random.pick(kinds);
    const text = used.has(kind) ? null : (XT_MATCHES[kind]?.(place) ?? null);
    used.add(kind);
    // An address, a device or a module's option may stand only once in a rule.
    if (text !== null && !matches.some((m) => sameOption(m, text))) matches.push(text);
  }
  // iptables-nft-save tells the last of two `-m tcp --tcp-flags` alone.
  const aim = target(place, deeper);
  const parts = [...matches.filter((m) => !m.startsWith('-m') || !sameOption(m, aim)), aim];
  return `-A ${chain} ${parts.filter((part) => part !== '').join(' ')}`;
}

const optionOf = (text: string): string =>
  text
    .replace(/^! /, '')
    .split(' ')
    .slice(0, text.startsWith('-m') ? 2 : 1)
    .join(' ');
const sameOption = (a: string, b: string): boolean => optionOf(a) === optionOf(b);

function target(place: Place, deeper: readonly string[]): string {
  const { random } = place.draft;
  if (deeper.length > 0 && random.chance(0.3))
    return `${random.weighted([
      [4, '-j'],
      [1, '-g'],
    ])} ${random.pick(deeper)}`;
  const makers = Object.values(XT_TARGETS);
  for (let tries = 0; tries < 20; tries++) {
    const text = random.weighted(makers)(place);
    if (text !== null) return text;
  }
  return '-j ACCEPT';
}
