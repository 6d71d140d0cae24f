/** Which policy rules a flow meets, in order (fib_rules_lookup, net/core/fib_rules.c). */
import { type Known, type Prefix, prefixContains, type Rule } from '@netverdict/linux-net';
import type { FlowKey } from './lookup.ts';

/** What the kernel itself installs; used where a namespace has no rule list because policy routing was never touched. */
export function ruleMatches(rule: Rule, key: FlowKey): boolean {
  return selectorsMatch(rule, key) !== rule.invert;
}

function selectorsMatch(rule: Rule, key: FlowKey): boolean {
  if (rule.from && !holds(rule.from, key.source)) return false;
  if (rule.to && !holds(rule.to, key.destination)) return false;
  if (rule.iif !== null && rule.iif !== key.iifName) return false;
  if (rule.oif !== null && rule.oif !== key.oifName) return false;
  if (rule.fwmark && (key.mark & rule.fwmark.mask) >>> 0 !== rule.fwmark.value >>> 0) return false;
  if (rule.tos !== null && rule.tos !== 0 && rule.tos !== key.tos) return false;
  if (rule.ipproto !== null && rule.ipproto !== 0 && rule.ipproto !== key.protocol) return false;
  if (rule.sport && !within(rule.sport, key.sport)) return false;
  if (rule.dport && !within(rule.dport, key.dport)) return false;
  return true;
}

/** A source not chosen yet is 0.0.0.0, which only the empty prefix holds. */
const holds = (prefix: Prefix, address: FlowKey['source']): boolean =>
  address === null ? prefix.length === 0 : prefixContains(prefix, address);

const within = (range: { from: number; to: number }, port: number | null): boolean =>
  port !== null && port >= range.from && port <= range.to;

/** Rules that ask what the simulator cannot know: a user id, an interface group. */
export const asksUnknown = (rule: Rule): boolean =>
  rule.uidrange !== null || rule.suppressIfGroup !== null || rule.l3mdev;

export const inOrder = (rules: Known<readonly Rule[]>): readonly Rule[] =>
  rules.known ? [...rules.value].sort((a, b) => a.priority - b.priority) : [];
