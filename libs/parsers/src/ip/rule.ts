/** `ip -j -d rule show`, of one family. */
import {
  type Family,
  type LineRef,
  type Prefix,
  parseFwmark,
  type Result,
  type Rule,
  type RuleAction,
} from '@netverdict/linux-net';
import { type Fields, number, optionalNumber, optionalText, parseArray, present } from '../json/fields.ts';
import { Malformed, must, type ParseProblem } from '../problem.ts';
import { protocolNumber, tableNumber, tosNumber } from './names.ts';
import { realmsOf } from './realms.ts';
import { routePrefix } from './route.ts';

/** Selectors that the model has no answer for: a rule that has one may apply or not. */
const NOT_MODELLED = ['tun_id', 'flowlabel', 'flowlabel_mask', 'sport_mask', 'dport_mask', 'selector'];

export const parseIpRule = (source: string, family: Family): Result<readonly Rule[], ParseProblem> =>
  parseArray(source, (fields, at) => readRule(fields, at, family));

export function readRule(fields: Fields, at: LineRef, family: Family): Rule {
  const strange = NOT_MODELLED.filter((name) => name in fields);
  const fwmark = optionalText(fields, 'fwmark');
  const tos = optionalText(fields, 'tos');
  const ipproto = optionalText(fields, 'ipproto');
  return {
    family,
    priority: number(fields, 'priority'),
    invert: present(fields, 'not'),
    from: prefixOf(fields, 'src', family),
    to: prefixOf(fields, 'dst', family),
    iif: optionalText(fields, 'iif'),
    oif: optionalText(fields, 'oif'),
    fwmark:
      fwmark === null
        ? null
        : { value: must(parseFwmark(fwmark)), mask: must(parseFwmark(optionalText(fields, 'fwmask') ?? '0xffffffff')) },
    tos: tos === null ? null : tosNumber(tos),
    ...dscpOf(fields),
    ipproto: ipproto === null ? null : protocolNumber(ipproto),
    sport: rangeOf(fields, 'sport'),
    dport: rangeOf(fields, 'dport'),
    uidrange: 'uid_start' in fields ? { from: number(fields, 'uid_start'), to: number(fields, 'uid_end') } : null,
    l3mdev: present(fields, 'l3mdev'),
    suppressPrefixLength:
      optionalNumber(fields, 'suppress_prefixlen') ?? optionalNumber(fields, 'suppress_prefixlength'),
    suppressIfGroup: suppressedGroup(optionalText(fields, 'suppress_ifgroup')),
    ...realmsOf(fields),
    ...(strange.length > 0 ? { unmodelled: strange } : {}),
    action: actionOf(fields),
    evidence: at,
  };
}

/** `dscp 0x2e` and its mask count from the DSCP's own lowest bit. */
function dscpOf(fields: Fields): Pick<Rule, 'dscp'> {
  const name = optionalText(fields, 'dscp');
  if (name === null) return {};
  const mask = optionalText(fields, 'dscp_mask');
  return { dscp: { value: dscpNumber(name) << 2, mask: mask === null ? 0xfc : Number(mask) << 2 } };
}

function prefixOf(fields: Fields, name: string, family: Family): Prefix | null {
  const address = optionalText(fields, name);
  if (address === null || address === 'all') return null;
  const length = optionalNumber(fields, `${name}len`);
  return routePrefix(length === null ? address : `${address}/${length}`, family);
}

function rangeOf(fields: Fields, name: string): { from: number; to: number } | null {
  const single = optionalNumber(fields, name);
  if (single !== null) return { from: single, to: single };
  const from = optionalNumber(fields, `${name}_start`);
  return from === null ? null : { from, to: number(fields, `${name}_end`) };
}

export function suppressedGroup(name: string | null): number | null {
  if (name === null) return null;
  if (name === 'default') return 0;
  if (/^\d+$/.test(name)) return Number(name);
  throw new Malformed(`the interface group "${name}" has no number here`);
}

/** `action` was `to_tbl` before iproute2 5.0. */
function actionOf(fields: Fields): RuleAction {
  const goto = optionalNumber(fields, 'goto');
  if (goto !== null) return { kind: 'goto', priority: goto };
  if (present(fields, 'nop')) return { kind: 'nop' };
  const action = optionalText(fields, 'action') ?? optionalText(fields, 'to_tbl');
  if (action !== null) return namedAction(action);
  if (present(fields, 'l3mdev')) return { kind: 'lookup', table: 0 };
  const table = optionalText(fields, 'table');
  if (table === null) throw new Malformed('the rule has no action');
  return { kind: 'lookup', table: tableNumber(table) };
}

export function namedAction(action: string): RuleAction {
  if (action === 'blackhole' || action === 'unreachable' || action === 'prohibit' || action === 'nop')
    return { kind: action };
  throw new Malformed(`the rule's action "${action}" is not modelled`);
}

/** As a number, or by a name of the machine (`CS6`, `EF`) that stands for the TOS byte. */
function dscpNumber(name: string): number {
  const value = /^[A-Z]/.test(name) ? tosNumber(name) >> 2 : Number(name);
  if (!(value >= 0 && value <= 63)) throw new Malformed(`"${name}" is not a DSCP`);
  return value;
}
