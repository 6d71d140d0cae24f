/** Every kind of match and its evaluator. A kind without one does not compile. */
import type { XtMatch } from '@netverdict/linux-net';
import type { Answer, NotThere, RuleContext } from '../context.ts';
import * as accounts from './accounts.ts';
import * as base from './base.ts';
import * as connection from './connection.ts';
import * as header from './header.ts';
import * as host from './host.ts';
import * as memory from './memory.ts';
import { NEVER_THERE } from './never-there.ts';
import * as placement from './placement.ts';
import { set } from './set.ts';
import * as transport from './transport.ts';
import { u32 } from './u32.ts';
import { UNTELLABLE } from './untellable.ts';

type Evaluators = {
  readonly [K in XtMatch['kind']]: (match: Extract<XtMatch, { kind: K }>, context: RuleContext) => Answer | NotThere;
};

export const MATCHES: Evaluators = {
  source: base.source,
  destination: base.destination,
  'in-interface': base.inInterface,
  'out-interface': base.outInterface,
  protocol: base.protocol,
  fragment: base.fragment,
  sport: transport.sport,
  dport: transport.dport,
  'tcp-flags': transport.tcpFlags,
  'tcp-option': transport.tcpOption,
  icmp: transport.icmp,
  multiport: transport.multiport,
  mark: connection.mark,
  connmark: connection.connmark,
  ctstate: connection.ctstate,
  ctproto: connection.ctproto,
  ctstatus: connection.ctstatus,
  ctaddress: connection.ctaddress,
  ctport: connection.ctport,
  ctexpire: connection.ctexpire,
  ctdir: connection.ctdir,
  addrtype: placement.addrtype,
  // Chance is drawn after all other matches of the rule have agreed: see traverse.ts.
  // The lot is drawn by the rule (traverse.ts), and `!` is part of the odds (chanceOf).
  'statistic-random': (m) => !m.negate,
  'statistic-nth': (m) => !m.negate,
  recent: memory.recent,
  'physdev-in': placement.physdevIn,
  'physdev-out': placement.physdevOut,
  'physdev-is': placement.physdevIs,
  limit: memory.limit,
  set: memory.changed(set),
  length: header.length,
  ttl: header.ttl,
  tos: header.tos,
  dscp: header.dscp,
  iprange: header.iprange,
  'mac-source': placement.macSource,
  pkttype: placement.pkttype,
  rpfilter: placement.rpfilter,
  eui64: placement.eui64,
  socket: host.socket,
  owner: host.owner,
  devgroup: host.devgroup,
  realm: host.realm,
  policy: host.policy,
  cgroup: host.cgroup,
  cpu: host.cpu,
  cluster: accounts.cluster,
  connbytes: accounts.connbytes,
  connlabel: accounts.connlabel,
  connlimit: accounts.connlimit,
  helper: accounts.helper,
  tcpmss: header.tcpmss,
  'ecn-tcp': header.ecnTcp,
  'ecn-ip': header.ecnIp,
  'sctp-chunks': header.sctpChunks,
  ipv6header: header.ipv6header,
  u32,
  ...NEVER_THERE,
  ...UNTELLABLE,
  // It only counts.
  nfacct: () => true,
  unsupported: (match) => ({ unknown: `match "${match.module}", which is not modelled` }),
};

export function evaluateMatch(match: XtMatch, context: RuleContext): Answer {
  const evaluator = MATCHES[match.kind] as (match: XtMatch, context: RuleContext) => Answer | NotThere;
  const answer = evaluator(match, context);
  if (answer === null) return false;
  if (typeof answer !== 'boolean') return answer;
  return match.kind !== 'unsupported' && match.negate ? !answer : answer;
}

/** Probability that a matching packet is taken by chance; null when the match is none of chance's. */
export function chanceOf(match: XtMatch): number | null {
  if (match.kind === 'statistic-random') return match.negate ? 1 - match.probability : match.probability;
  if (match.kind === 'statistic-nth') return match.negate ? 1 - 1 / match.every : 1 / match.every;
  return null;
}
