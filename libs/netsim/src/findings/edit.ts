/** A namespace's state as it would be with a chain or a device edited. */
import type { Link, NetnsState, XtRuleset } from '@netverdict/linux-net';
import type { CompiledRuleset } from '../netfilter/ruleset.ts';

type RulesetKey = 'iptablesLegacy' | 'iptablesNft' | 'ip6tablesLegacy' | 'ip6tablesNft';

export function rulesetKey(ruleset: Pick<CompiledRuleset, 'family' | 'variant'>): RulesetKey {
  const tool = ruleset.family === 'ipv4' ? 'iptables' : 'ip6tables';
  return `${tool}${ruleset.variant === 'nft' ? 'Nft' : 'Legacy'}`;
}

export function editRuleset(
  state: NetnsState,
  ruleset: Pick<CompiledRuleset, 'family' | 'variant'>,
  edit: (source: XtRuleset) => XtRuleset,
): NetnsState {
  const key = rulesetKey(ruleset);
  const part = state[key];
  return part.known ? { ...state, [key]: { ...part, value: edit(part.value) } } : state;
}

type XtChain = XtRuleset['tables'][number]['chains'][number];

export const editChain = (
  source: XtRuleset,
  table: string,
  chain: string,
  edit: (chain: XtChain) => XtChain,
): XtRuleset => ({
  ...source,
  tables: source.tables.map((t) =>
    t.name === table ? { ...t, chains: t.chains.map((c) => (c.name === chain ? edit(c) : c)) } : t,
  ),
});

export const mapLinks = (state: NetnsState, edit: (link: Link) => Link): NetnsState =>
  state.links.known ? { ...state, links: { ...state.links, value: state.links.value.map(edit) } } : state;

export const editLink = (state: NetnsState, { ifindex }: Link, edit: (link: Link) => Link): NetnsState =>
  mapLinks(state, (link) => (link.ifindex === ifindex ? edit(link) : link));
