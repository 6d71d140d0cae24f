/** Why nobody can tell certain mutants of hooks, iptables and what both tools share from the model. */
import { type Explanation, gap, same } from './explanation.ts';
import { WORDS } from './reasons.ts';

const EITHER_FIRST = 'asks which comes first where that decides nothing: both ways end alike';

export const OF_NETFILTER: readonly Explanation[] = [
  same('netfilter/hook.ts', 'both orders are followed, whichever is called the first', 'return !walk.ask('),
  same('netfilter/hook.ts', EITHER_FIRST, ['if (idle(a) || idle(b))', 'false → true']),
  gap(
    'netfilter/hook.ts',
    'the list of hooks: this kernel has none (CONFIG_NETFILTER_NETLINK_HOOK)',
    'if (ordered && found.length > 0)',
  ),
  gap(
    'netfilter/hook.ts',
    'no two tables of one priority translate a packet of which one has two chains that would',
    'if (found.some((f) => f.group === group))',
  ),
  same(
    'netfilter/hook.ts',
    'a shortcut: a group that has translated is asked no more at the beginning of the loop either',
    'if (groups.length === 1) break;',
  ),
  same('netfilter/matches/accounts.ts', 'a byte that was shifted up has no such bit', [
    'const swap =',
    '0xff0000 → 16711681',
  ]),
  same('netfilter/matches/base.ts', 'a rule of the other family is never asked', 'return false;'),
  gap(
    'netfilter/matches/host.ts',
    'the ends of the range are router solicitations and redirects, which no world sends',
    'if (icmp !== null && protocol === 58',
  ),
  same('netfilter/matches/host.ts', 'what TCP sends back about a packet that died is a RST', [
    'const reset = protocol === 6',
    '& → |',
  ]),
  gap('netfilter/matches/index.ts', 'no tool here makes the counters that nfacct names', 'nfacct: () => true'),
  gap(
    'netfilter/matches/memory.ts',
    'the count of a list is asked for once for each packet: no world asks for it again after an update',
    "if (m.mode === 'update'",
  ),
  same('netfilter/matches/placement.ts', 'asked for the source that is chosen, which nobody reads here', 'bare: true'),
  gap(
    'netfilter/matches/placement.ts',
    "no sender here has nobody's address",
    'const LIMITED_BROADCAST',
    'const nobody =',
    'if (nobody &&',
    'return !m.invert;',
    'const isLocalMulticast',
  ),
  gap(
    'netfilter/matches/transport.ts',
    'a range that touches the drawn ones at one end: whether it is that port is not known, and so nothing to compare with',
    'if (ranges.every((range) => range.to < among.from',
  ),
  same(
    'netfilter/matches/transport.ts',
    'the rule has asked for TCP before: the tools take no TCP option without',
    'if (c.packet.protocol !== 6) return null;',
  ),
  gap(
    'netfilter/matches/transport.ts',
    'no rule asks for the one port of a packet whose other port NAT has drawn',
    'const among = side',
  ),
  gap(
    'netfilter/matches/transport.ts',
    'no ICMP packet meets a rule for ICMP of any type by its number',
    'if (m.type === 255',
  ),
  gap(
    'netfilter/matches/u32.ts',
    'a range that touches what is not known at one end: that is not told, and so nothing to compare with',
    'if (test.values.every((v) =>',
  ),
  same('netfilter/matches/u32.ts', 'the kernel takes no shift by more than 31', 'const ZERO'),
  gap(
    'netfilter/native.ts',
    'of two tables at one device or bridge the order of hooking in is that of their making',
    '(a, b) => a.priority - b.priority',
  ),
  same('netfilter/native.ts', 'a chain that neither loses nor changes anything is passed over by either', [
    'if (base.table.family !== family',
    '!== → ===',
  ]),
  same(
    'netfilter/native.ts',
    'without a next step there is none to take',
    'return stopOf(walk, ns, packet, { ok: true',
    ['if (!nft.value.bases.some(here)) return', 'true → false'],
  ),
  same(
    'netfilter/rule-index.ts',
    'whether a chain has an index: only the time it takes',
    'if (rules.length < LONG_CHAIN)',
  ),
  same('netfilter/rule-index.ts', 'no rule stands in two lists', ['if (x < y)', '< → <=']),
  gap(
    'netfilter/rule-index.ts',
    'no long chain has a match with a memory before one that the index takes',
    'if (!WITHOUT_MEMORY.has',
  ),
  same('netfilter/stations.ts', 'without a chain that translates, a binding that changes nothing', [
    'rulesets[family].some((r) => !r.known',
    '!r.known → (r.known)',
  ]),
  same(
    'netfilter/stations.ts',
    'what changes is never passed over, whether or not it stops',
    'groups.push({ priority: nat',
    "group: { name: 'connection tracking'",
  ),
  same('netfilter/stations.ts', EITHER_FIRST, ["const can = { stops: from.chain.policy === 'DROP'", 'false → true']),
  same(
    'netfilter/stations.ts',
    'what is no target that stops counts as a change, and is asked about all the same',
    [
      "if (target.kind === 'drop'",
      "target.kind === 'drop' || target.kind === 'reject' → !(target.kind === 'drop' || target.kind === 'reject')",
    ],
    ["if (target.kind === 'drop'", '=== → !=='],
  ),
  same('netfilter/targets/ct.ts', WORDS, ['return { does:', '=== → !==']),
  same('netfilter/targets/marks.ts', 'a shift by nothing is the same to the left and to the right', 'const shifted ='),
  gap(
    'netfilter/targets/nat.ts',
    'no packet comes in by a device whose first address is tentative',
    '.filter((a) => familyOf(a.address) === family',
  ),
  same('netfilter/targets/nat.ts', 'every target that has a range of ports says so itself', 'const rangeOf ='),
  same(
    'netfilter/traverse.ts',
    'a branch without a share is never expected',
    ['if (chance <= 0) return false;', '<= → <'],
    ['if (chance <= 0) return false;', 'false → true'],
  ),
  same(
    'netfilter/traverse.ts',
    'with a share of exactly one the other way has none, and a branch without a share is never expected',
    ['if (chance === null || chance >= 1)', '>= → >'],
  ),
  gap('netfilter/matches/set.ts', 'no world asks a set for a port that a translation has drawn', [
    'portAmong:',
    '=== → !==',
  ]),
  gap('netfilter/targets/marks.ts', 'no world saves a mark under a mask beside bits that are there already', [
    'mark: ((entry.mark',
    '& → |',
  ]),
  gap(
    'netfilter/traverse.ts',
    'a lot that is certain is drawn to the same end: the other way has no share, and nobody sees whether it is told',
    ['const draws =', '> → >='],
    ['const draws =', '< → <='],
  ),
].flat();
