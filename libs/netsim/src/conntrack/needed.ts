/**
 * Does the namespace track connections at all? The kernel hooks conntrack in for a family when the first rule is made that needs
 * it (nf_ct_netns_get), wherever it stands, be its chain reached or its table asleep. Without one there are no connections: nothing is INVALID,
 * and chains of type nat, which are asked about connections only, are never walked.
 */
import type { Family, Known, NftExpr, XtMatch, XtRule, XtTarget } from '@netverdict/linux-net';
import type { CompiledRuleset } from '../netfilter/ruleset.ts';
import type { CompiledNft, CompiledNftTable } from '../nft/compile.ts';

/** By module: xt_conntrack.c, xt_state.c, xt_connmark.c and so on; what is not modelled is taken to need it. */
const MATCHES: ReadonlySet<XtMatch['kind']> = new Set<XtMatch['kind']>([
  'ctstate',
  'ctproto',
  'ctstatus',
  'ctexpire',
  'ctaddress',
  'ctport',
  'ctdir',
  'connmark',
  'connbytes',
  'connlabel',
  'connlimit',
  'helper',
  'cluster',
  'unsupported',
]);
const TARGETS: ReadonlySet<XtTarget['kind']> = new Set<XtTarget['kind']>([
  'connmark-set',
  'connmark-save',
  'connmark-restore',
  'dnat',
  'snat',
  'masquerade',
  'redirect',
  'netmap',
  'synproxy',
  'unsupported',
]);
const EXPRESSIONS: ReadonlySet<NftExpr['kind']> = new Set<NftExpr['kind']>([
  'ct',
  'ct-set',
  'connlimit',
  'masq',
  'redir',
  'flow-offload',
  'synproxy',
  'xt',
  'unsupported',
]);
/** NFT_OBJECT_*: ct helper, connlimit, ct timeout, ct expectation, synproxy. */
const OBJECTS: ReadonlySet<number> = new Set([3, 5, 7, 9, 10]);

export function tracksConnections(
  family: Family,
  rulesets: readonly Known<CompiledRuleset>[],
  nft: Known<CompiledNft>,
): boolean {
  if (!nft.known || rulesets.some((ruleset) => !ruleset.known)) return true;
  return (
    rulesets.some((ruleset) => ruleset.known && anyRule(ruleset.value)) ||
    nft.value.tables.some((table) => tableNeeds(table, family))
  );
}

function anyRule({ tables }: CompiledRuleset): boolean {
  for (const { chains } of tables.values())
    for (const { chain } of chains.values()) if (chain.rules.some(ruleNeeds)) return true;
  return false;
}

const ruleNeeds = ({ matches, target }: XtRule): boolean =>
  (target !== null && targetNeeds(target)) || matches.some((match) => MATCHES.has(match.kind));

/** `CT --notrack` alone needs none (xt_ct_tg_check). */
const targetNeeds = (target: XtTarget): boolean => (target.kind === 'ct' ? !target.notrack : TARGETS.has(target.kind));

function tableNeeds(table: CompiledNftTable, family: Family): boolean {
  const own = family === 'ipv4' ? 'ip' : 'ip6';
  if (table.family !== own && table.family !== 'inet' && table.family !== 'bridge') return false;
  for (const object of table.objects.values()) if (OBJECTS.has(object.type)) return true;
  const needs = (expr: NftExpr): boolean => {
    // In a table of both families a translation is for its own one.
    if (expr.kind === 'nat') return expr.family === own;
    if (expr.kind === 'dynset') return expr.expressions.some(needs);
    return EXPRESSIONS.has(expr.kind);
  };
  for (const { rules } of table.chains.values())
    if (rules.some(({ expressions }) => expressions.some(needs))) return true;
  return false;
}
