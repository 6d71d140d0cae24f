/** Which policy rules a flow meets (fib_rule_match in net/core/fib_rules.c, fib4_rule_match, fib6_rule_match). */
import { type IpAddress, type Known, type Prefix, prefixContains, type Rule } from '@netverdict/linux-net';
import type { Walk } from '../walk/walk.ts';
import type { FlowKey } from './key.ts';

type Sees = Pick<Walk, 'sees'>;

/** Selectors that the model has no answer for, by name; null when all have one. The sender's user counts where it is not known. */
export function unknownSelector(rule: Rule, uid: number | null, hasVrf: boolean): string | null {
  if (rule.unmodelled !== undefined && rule.unmodelled.length > 0) return rule.unmodelled.join(', ');
  if (rule.uidrange !== null && uid === null) return 'uidrange';
  return rule.l3mdev && hasVrf ? 'l3mdev' : null;
}

/** Do all selectors hold? With `not` the other way round. `rest`: those that the model has no answer for; asked last. */
export function ruleMatches(
  rule: Rule,
  key: FlowKey,
  uid: number | null,
  walk: Sees,
  rest: () => boolean = () => true,
): boolean {
  const holds = selectorsHold(rule, key, uid, walk) && rest();
  return rule.invert ? walk.sees('route-rule/not', !holds) : holds;
}

function selectorsHold(rule: Rule, key: FlowKey, uid: number | null, walk: Sees): boolean {
  if (rule.iif !== null && !walk.sees('route-rule/iif', rule.iif === key.iifName)) return false;
  if (rule.oif !== null && !walk.sees('route-rule/oif', rule.oif === key.oifName)) return false;
  const { fwmark, uidrange, sport, dport } = rule;
  if (fwmark && !walk.sees('route-rule/fwmark', ((key.mark ^ fwmark.value) & fwmark.mask) === 0)) return false;
  // Without a VRF nothing is in a layer 3 domain (l3mdev_fib_rule_match).
  if (rule.l3mdev && !walk.sees('route-rule/l3mdev', false)) return false;
  if (uidrange && uid !== null && !walk.sees('route-rule/uidrange', uid >= uidrange.from && uid <= uidrange.to))
    return false;
  if (rule.from && rule.from.length > 0 && !walk.sees('route-rule/from', inside(rule.from, key.source))) return false;
  if (rule.to && rule.to.length > 0 && !walk.sees('route-rule/to', prefixContains(rule.to, key.destination)))
    return false;
  if (rule.tos !== null && rule.tos !== 0 && !walk.sees('route-rule/tos', tosHolds(rule, rule.tos, key))) return false;
  if (rule.dscp && !walk.sees('route-rule/dscp', ((key.tos ^ rule.dscp.value) & rule.dscp.mask) === 0)) return false;
  if (rule.ipproto !== null && rule.ipproto !== 0 && !walk.sees('route-rule/ipproto', rule.ipproto === key.protocol))
    return false;
  if (sport && !walk.sees('route-rule/sport', within(sport, key.sport))) return false;
  return !dport || walk.sees('route-rule/dport', within(dport, key.dport));
}

/** IPv4's `tos` looks at the old TOS bits only (fib_dscp_masked_match), IPv6's at the whole DSCP. */
const tosHolds = (rule: Rule, tos: number, key: FlowKey): boolean =>
  rule.family === 'ipv4' ? tos === (key.tos & IPTOS_RT) : ((tos ^ key.tos) & DSCP) === 0;
export const IPTOS_RT = 0x1c;
const DSCP = 0xfc;

/** A source not chosen yet is 0.0.0.0 (IPv4), or in no prefix at all (IPv6). */
const inside = (prefix: Prefix, address: IpAddress | null): boolean =>
  address === null ? prefix.family === 'ipv4' && prefix.address === 0 : prefixContains(prefix, address);

const within = (range: { from: number; to: number }, port: number | null): boolean =>
  port !== null && port >= range.from && port <= range.to;

const ordered = new WeakMap<readonly Rule[], readonly Rule[]>();
export function inOrder(rules: Known<readonly Rule[]>): readonly Rule[] {
  if (!rules.known) return [];
  let sorted = ordered.get(rules.value);
  if (!sorted) {
    sorted = [...rules.value].sort((a, b) => a.priority - b.priority);
    ordered.set(rules.value, sorted);
  }
  return sorted;
}

/** fib_rule_requires_fldissect: what loopback brings needs no look at packets. */
const dissecting = new WeakMap<readonly Rule[], boolean>();
function needLooks(rules: readonly Rule[]): boolean {
  let answer = dissecting.get(rules);
  if (answer === undefined) {
    answer = rules.some(
      ({ iif, ipproto, sport, dport }) => iif !== 'lo' && (!!ipproto || sport !== null || dport !== null),
    );
    dissecting.set(rules, answer);
  }
  return answer;
}

/** The key as these rules see it. */
export function seenByRules(rules: readonly Rule[], key: FlowKey): FlowKey {
  if (key.dissected === undefined || needLooks(rules)) return key;
  return { ...key, sport: null, dport: null, ...(key.dissected === 'ports' ? {} : { protocol: 0 }) };
}

/** IPv4's rules as the kernel itself makes them: none was ever added or deleted (fib_has_custom_rules), as far as one can see. */
const defaults = new WeakMap<readonly Rule[], boolean>();
export function areDefault(rules: readonly Rule[]): boolean {
  let answer = defaults.get(rules);
  if (answer === undefined) {
    answer = lookDefault(rules);
    defaults.set(rules, answer);
  }
  return answer;
}

function lookDefault(rules: readonly Rule[]): boolean {
  const [local, main, other] = rules;
  if (rules.length !== 3) return false;
  const plain = (rule: Rule | undefined, priority: number, table: number): boolean =>
    rule !== undefined &&
    rule.priority === priority &&
    rule.action.kind === 'lookup' &&
    rule.action.table === table &&
    !rule.invert &&
    !rule.l3mdev &&
    rule.suppressPrefixLength === null &&
    rule.suppressIfGroup === null &&
    (rule.from === null || rule.from.length === 0) &&
    (rule.to === null || rule.to.length === 0) &&
    [rule.iif, rule.oif, rule.fwmark, rule.uidrange, rule.sport, rule.dport, rule.dscp ?? null].every(
      (s) => s === null,
    ) &&
    !rule.tos &&
    !rule.ipproto &&
    (rule.unmodelled ?? []).length === 0;
  return plain(local, 0, 255) && plain(main, 32766, 254) && plain(other, 32767, 253);
}
