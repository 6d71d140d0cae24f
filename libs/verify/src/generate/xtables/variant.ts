/** Rules that a layer adds to those of a namespace: by which of iptables' two variants, and where they stand. */
import type { Draft, DraftNamespace } from '../draft.ts';
import { sharesPriority } from '../nftables/priority.ts';

/** The tool that has rules of the family there already: tables of both have the same priorities. */
export function variantFor(draft: Draft, ns: DraftNamespace, family: 'ipv4' | 'ipv6'): string[] {
  const both = family === 'ipv4' ? [ns.iptablesLegacy, ns.iptablesNft] : [ns.ip6tablesLegacy, ns.ip6tablesNft];
  const used = both.filter((list) => list.length > 0);
  return draft.random.pick(used.length === 0 || sharesPriority(draft) ? both : used);
}

/** A table may stand only once in a restore file: where it does, the rules come before those that it has. */
export function addRules(list: string[], table: string, hooks: readonly string[], rules: readonly string[]): void {
  const known = list.indexOf(`*${table}`);
  if (known < 0) {
    list.unshift(`*${table}`, ...hooks.map((hook) => `:${hook} ACCEPT [0:0]`), ...rules, 'COMMIT');
    return;
  }
  list.splice(
    list.findIndex((line, i) => i > known && !line.startsWith(':')),
    0,
    ...rules,
  );
}
