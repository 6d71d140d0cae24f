/**
 * Why nobody can tell certain mutants from the model. Found by their line of code, which stays when lines move.
 * `equivalent`: it is the same model in other words. `gap`: a meaning that no world decides.
 */
import type { Survivor } from './mutation-report.ts';

export interface Explanation {
  readonly file: string;
  /** The beginning of the line, without its indentation. */
  readonly code: string;
  /** What is changed to what; absent: any change of the line. */
  readonly change?: string;
  readonly is: 'equivalent' | 'gap';
  readonly why: string;
}

export const EXPLAINED: readonly Explanation[] = [
  {
    file: 'path/egress.ts',
    code: "const routes = packet.family === 'ipv4'",
    is: 'equivalent',
    why: 'the section that is cited as evidence: words',
  },
  {
    file: 'nft/expressions/compare.ts',
    code: 'const isWord =',
    is: 'equivalent',
    why: 'a quicker way for short values, with the same answer',
  },
  {
    file: 'nft/expressions/routing.ts',
    code: 'if (realms === null) e.unread.add',
    is: 'equivalent',
    why: 'which byte it was that is not known: words',
  },
  {
    file: 'route/source4.ts',
    code: 'if (prefixLength === 0) return true;',
    is: 'gap',
    why: 'no world has an address whose prefix is everything',
  },
  {
    file: 'route/source6.ts',
    code: 'for (let i = 0; i < a.length; i++) if (a[i] !== b[i])',
    is: 'equivalent',
    why: 'behind the last of both there is nothing, which is the same',
  },
  {
    file: 'route/multipath.ts',
    code: 'const spread = policy === 1',
    is: 'gap',
    why: 'with the other policies the hash is not told: those verdicts are undetermined, and so nothing to compare with',
  },
  {
    file: 'route/multipath.ts',
    code: 'if (hops.length < 2)',
    is: 'gap',
    why: 'which of two hops a hash takes is not told: those verdicts are undetermined, and so nothing to compare with',
  },
  {
    file: 'nft/context.ts',
    code: "ingress: 'PREROUTING'",
    is: 'equivalent',
    why: 'what iptables and nft share asks of the hook only whether the packet was made here, which neither is',
  },
  {
    file: 'nft/context.ts',
    code: "input: 'INPUT'",
    is: 'equivalent',
    why: 'what iptables and nft share asks of the hook only whether the packet was made here, which neither is',
  },
  {
    file: 'netfilter/hook.ts',
    code: 'if (groups.length === 1) break;',
    is: 'equivalent',
    why: 'a shortcut: a group that has translated is asked no more at the beginning of the loop either',
  },
  {
    file: 'nft/expressions/chance.ts',
    code: 'if (element && x.verdict) return',
    is: 'gap',
    why: 'of a lot that a map of verdicts draws no world has two elements with one verdict',
  },
  {
    file: 'conntrack/needed.ts',
    code: 'return false;',
    is: 'gap',
    why: 'connections that no rule asks for show in how pieces are put together alone',
  },
  {
    file: 'netfilter/matches/memory.ts',
    code: "if (m.mode === 'update'",
    is: 'gap',
    why: 'the count of a list is asked for once for each packet: no world asks for it again after an update',
  },
  {
    file: 'route/reverse-path.ts',
    code: "return { kind: 'other-device', dev: dev === null",
    is: 'equivalent',
    why: 'the device is named in words only; that it is another one is what decides',
  },
  {
    file: 'nft/registers.ts',
    code: 'if (bytes < 4)',
    is: 'equivalent',
    why: 'four bytes are answered in the line before',
  },
  {
    file: 'nft/registers.ts',
    code: 'for (let i = 1; i * 4 < bytes; i++)',
    is: 'equivalent',
    why: 'a word too many is cut off in the next line',
  },
  {
    file: 'netfilter/traverse.ts',
    code: 'if (chance === null || chance >= 1)',
    is: 'equivalent',
    why: 'with a share of exactly one the other way has none, and a branch without a share is never expected',
  },
  {
    file: 'path/output.ts',
    code: '(walk.direction ===',
    is: 'equivalent',
    why: 'asks for programs at cgroups, of which no world has any',
  },
  {
    file: 'neighbour/who-answers.ts',
    code: "if (family === 'ipv6') return null;",
    is: 'equivalent',
    why: 'what is asked behind it is what was not collected, and in a judged world all is',
  },
  {
    file: 'neighbour/who-answers.ts',
    code: 'if (blocked) return',
    is: 'gap',
    why: 'no world decides whether what a bridge keeps back is named before a device that is down',
  },
  {
    file: 'route/input.ts',
    code: 'const why: Martian =',
    is: 'equivalent',
    why: 'the name of the finding: neither end hears of either',
  },
  {
    file: 'nft/chain.ts',
    code: "if (outcome.said !== '')",
    is: 'equivalent',
    why: 'what is said of a rule: words',
  },
  {
    file: 'link/transmit.ts',
    code: 'const fits = lengthOf(packet) <= limitBytes',
    is: 'gap',
    why: 'no packet is as long as the receiving end just takes',
  },
  {
    file: 'route/dead.ts',
    code: 'const link = hop.dev',
    is: 'gap',
    why: 'no dead next hop without a device',
  },
  {
    file: 'route/realms.ts',
    code: 'const LOWER = 0xffff',
    is: 'gap',
    why: 'no world has realms that differ in their last bit alone',
  },
  {
    file: 'conntrack/track.ts',
    code: 'if (packet.zone === 0 && !packet.template)',
    is: 'gap',
    why: 'no world sees a template of zone 0 after conntrack',
  },
  {
    file: 'conntrack/template.ts',
    code: 'srcDone: false',
    is: 'equivalent',
    why: 'a template has the state NEW and nothing beside it, and no other rule reads that bit of one',
  },
  {
    file: 'conntrack/template.ts',
    code: 'dstNat: false',
    is: 'equivalent',
    why: 'a template has the state NEW and nothing beside it, and no other rule reads that bit of one',
  },
  {
    file: 'conntrack/needed.ts',
    code: 'if (table.family !== own',
    is: 'gap',
    why: 'what makes connections tracked in a table of another family stands beside something else that does',
  },
  {
    file: 'answer/error-packet.ts',
    code: 'tos: v4 ? (about.tos & 0x1e)',
    is: 'gap',
    why: 'no packet with the lowest bit of its TOS set draws an error',
  },
  {
    file: 'ipset/contains.ts',
    code: 'if (family !== null && family !== probe.family)',
    is: 'equivalent',
    why: 'addresses of the two families are values of two types here, so that none of a set is found by the other',
  },
  {
    file: 'nft/set.ts',
    code: 'a.key < b.key',
    is: 'gap',
    why: 'the elements of an interval come in this order already',
  },
  {
    file: 'link/vxlan-ends.ts',
    code: "typeof address === 'number' ? address >>> 28 === 0xe",
    is: 'gap',
    why: 'which ends are groups decides where two devices share a tunnel only',
  },
  {
    file: 'socket/listener.ts',
    code: "if (typeof address === 'bigint' && isMapped(address))",
    is: 'gap',
    why: 'no world has a socket at an IPv4 address that is written as an IPv6 one',
  },
  {
    file: 'link/vxlan.ts',
    code: 'if (!first || others.length === 0)',
    is: 'gap',
    why: 'no tunnel floods to several ends of which not the first has the address',
  },
  {
    file: 'route/rules.ts',
    code: 'if (rules.length < 2 || rules.length > 3)',
    is: 'gap',
    why: 'no IPv4 world has the rules for the local and the main table and no third',
  },
  {
    file: 'route/lookup.ts',
    code: 'if (route.tos === 0 && (route.nexthops',
    is: 'gap',
    why: "no world has a dead route, or one for a TOS, before another for the host's own address",
  },
  {
    file: 'netfilter/traverse.ts',
    code: 'tell(t, context, name, rule',
    is: 'equivalent',
    why: 'what is told of a rule: words',
  },
  {
    file: 'path/pieces.ts',
    code: 'const whole = packet.sizeBytes <= limitBytes',
    is: 'gap',
    why: 'no packet that a bridge cuts is as long as its limit',
  },
  {
    file: 'link/bridge-netfilter.ts',
    code: '...(told ?',
    is: 'gap',
    why: 'no world sees whether what a bridge cannot cut is told to the sender by each way',
  },
  {
    file: 'netfilter/targets/marks.ts',
    code: 'const shifted =',
    is: 'equivalent',
    why: 'a shift by nothing is the same to the left and to the right',
  },
  {
    file: 'nft/expressions/chance.ts',
    code: 'if (next?.kind',
    is: 'equivalent',
    why: 'whether the ways are kept for the next packet: only the time it takes',
  },
  {
    file: 'nft/expressions/chance.ts',
    code: "if (x.type === 'jenkins'",
    is: 'gap',
    why: 'no world has a hash of a kind that is not told',
  },
  {
    file: 'route/source6.ts',
    code: 'name !== null &&',
    is: 'gap',
    why: 'no world has an address for other devices beside one without a device',
  },
  {
    file: 'route/validate-source.ts',
    code: 'out?.ifindex === iif.ifindex',
    is: 'gap',
    why: 'redirects are asked for where other checks of the source give the same answer',
  },
  {
    file: 'conntrack/collected.ts',
    code: 'outOfStep: false',
    is: 'gap',
    why: 'no packet goes on with an older connection that is out of step',
  },
  {
    file: 'nat/bind.ts',
    code: 'persistent: false',
    is: 'equivalent',
    why: 'asked of ranges of several addresses, and what is built upon this one has one',
  },
  {
    file: 'netfilter/rule-index.ts',
    code: 'if (!WITHOUT_MEMORY.has',
    is: 'gap',
    why: 'no long chain has a match with a memory before one that the index takes',
  },
  {
    file: 'nft/evaluation.ts',
    code: 'if (!rule) return [];',
    is: 'equivalent',
    why: 'the lines that are cited: words',
  },
  {
    file: 'nft/header.ts',
    code: 'const echo =',
    is: 'gap',
    why: 'no rule reads the identifier of an ICMP packet of the other family or kind',
  },
  {
    file: 'route/input.ts',
    code: "if (refusal.kind !== 'rp-filter')",
    is: 'equivalent',
    why: 'the name of the finding: both lose the packet in silence',
  },
  {
    file: 'route/lookup.ts',
    code: 'const dev = (found.route.family',
    is: 'gap',
    why: 'no world of the kind has a route with several hops there',
  },
  {
    file: 'route/source6.ts',
    code: "if (typeof own.address !== 'bigint'",
    is: 'gap',
    why: 'no world has an optimistic or tentative address to send from',
  },
];

export const explanationOf = ({ file, code, was, replacement }: Survivor): Explanation | null =>
  EXPLAINED.find(
    (e) =>
      e.file === file && code.startsWith(e.code) && (e.change === undefined || e.change === `${was} → ${replacement}`),
  ) ?? null;
