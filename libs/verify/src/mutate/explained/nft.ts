/** Why nobody can tell certain mutants of native nftables from the model. */
import { type Explanation, gap, same } from './explanation.ts';

const NEED_NOT_ASK = 'what need not be asked is asked: both ways end alike';

export const OF_NFT: readonly Explanation[] = [
  same('nft/bytes.ts', 'a quicker way for words, with the same bytes', 'count === 4'),
  same('nft/chain.ts', 'the kernel takes no chains that are so deep', [
    'if (!next || stack.length >= JUMP_STACK_SIZE)',
    '>= → >',
  ]),
  same(
    'nft/compile.ts',
    NEED_NOT_ASK,
    ['(e.kind ===', '!e.verdict → (e.verdict)'],
    ['(e.kind ===', '=== → !=='],
    ['(e.kind ===', '!== → ==='],
  ),
  gap('nft/compile.ts', 'no rule hands packets to a program, which is an unknown by its name', "if (v.code === 'drop'"),
  same(
    'nft/context.ts',
    'what iptables and nft share asks of the hook only whether the packet was made here, which neither is',
    "prerouting: 'PREROUTING'",
    "ingress: 'PREROUTING'",
    "input: 'INPUT'",
  ),
  same(
    'nft/context.ts',
    'what iptables and nft share asks of the hook only whether the packet was made here: what is passed on came in by a device',
    "forward: 'FORWARD'",
  ),
  same(
    'nft/context.ts',
    'what iptables and nft share asks of the hook only whether the packet was made here, and both are where it leaves',
    "output: 'OUTPUT'",
  ),
  same('nft/evaluation.ts', NEED_NOT_ASK, ['if (this.rule && this.at >= this.rule.inertFrom)', '>= → >']),
  same('nft/evaluation.ts', 'the lines that are cited: words', 'if (!rule) return [];'),
  same(
    'nft/expressions/chance.ts',
    'values that are treated alike are one way or several of the same sum',
    ["if (element?.data?.kind === 'value'", '=== → !=='],
    ["if (element?.data?.kind === 'value'", '!== → ==='],
    'if (!lump)',
  ),
  gap(
    'nft/expressions/chance.ts',
    'a symmetric hash has no bytes to read and a seed of its own: its lots are drawn by the flow alone',
    'const bytes =',
  ),
  same(
    'nft/expressions/chance.ts',
    'a whole word has its first byte lowest on this machine, as what is left of one',
    'if (part.length === 8)',
  ),
  same(
    'nft/expressions/chance.ts',
    'whether the ways are kept for the next packet: only the time it takes',
    'const before = rule === null',
    'return set !== undefined',
    'if (next?.kind',
  ),
  same(
    'nft/expressions/chance.ts',
    'the values part in the same two, whichever is called the first',
    'if (rangeHolds(x',
  ),
  gap(
    'nft/expressions/chance.ts',
    'of a lot that a map of verdicts draws no world has two elements with one verdict',
    'if (element && x.verdict) return',
  ),
  gap('nft/expressions/chance.ts', 'no world has a hash of a kind that is not told', "if (x.type === 'jenkins'"),
  same(
    'nft/expressions/compare.ts',
    'a value at the end of a range is inside, which is asked as well',
    'const outside =',
  ),
  gap(
    'nft/expressions/compare.ts',
    'this nft shifts single words, out of which nothing is carried',
    'carry = bits === 0',
  ),
  same('nft/expressions/compare.ts', 'a quicker way for short values, with the same answer', 'const isWord ='),
  same(
    'nft/expressions/ct.ts',
    'behind the last word there is nothing, and what is read is cut off',
    'for (let word = 0; word < 4',
  ),
  gap(
    'nft/expressions/exthdr.ts',
    'nft asks for TCP before it reads an option of TCP, and no SCTP packet is sent',
    'const open =',
  ),
  same('nft/expressions/index.ts', 'what the object does instead is to count', "if (effect === 'nothing')"),
  gap(
    'nft/expressions/index.ts',
    'named limits and quotas: not told by a snapshot',
    'if (object?.does)',
    "return effect === 'rate'",
  ),
  same(
    'nft/expressions/lookup.ts',
    'the naive search beside the index: a test compares both',
    ['if (!e.context.walk.indexes', '!e.context.walk.indexes → (e.context.walk.indexes)'],
    ['if (!e.context.walk.indexes', '=== → !=='],
    'return set.set.elements.find',
  ),
  gap(
    'nft/expressions/lookup.ts',
    'this nft writes no element that keeps when it was met last',
    "if (expression.kind === 'counter'",
  ),
  gap('nft/expressions/lookup.ts', 'limits of elements: not told by a snapshot', 'if (e.uncertain('),
  same('nft/expressions/lookup.ts', 'what a rule has added is found by its key alone', 'intervalEnd: false'),
  same(
    'nft/expressions/lookup.ts',
    'no rule of this nft goes on where its set did not take the key',
    "if (own !== 'next') return own;",
  ),
  gap(
    'nft/expressions/meta.ts',
    'a copy that a device gives back to a member of the group: who has joined is not read',
    'if (!frame)',
    'return destination === 0xffffffff',
  ),
  gap(
    'nft/expressions/routing.ts',
    'this kernel takes no fib at an ingress',
    "if ((hook === 'prerouting' || hook === 'ingress'",
  ),
  gap(
    'nft/expressions/routing.ts',
    'no world asks fib about an address that is tentative',
    'if (dev && ns.net.addressesOn',
  ),
  gap(
    'nft/expressions/routing.ts',
    'what is not known fills a register by its length alone',
    'e.registers.store(x.dreg, unknownBytes(',
  ),
  gap('nft/expressions/routing.ts', 'at input no gateway is left of the route', 'const next = hook ==='),
  gap(
    'nft/expressions/translate.ts',
    'no `tproxy` for one family meets a packet of the other',
    "if (x.family !== 'inet' && x.family",
  ),
  gap('nft/header.ts', 'what is written over the offset of a piece is not modelled, and so nothing to compare with', [
    'if (!same(0, 1)',
    '0xbfff → 49150',
  ]),
  same('nft/header.ts', 'of the other bits none is set: that is asked before', [
    'dontFragment: (fromBe(at(6, 2))',
    '0x4000 → 16385',
  ]),
  gap('nft/header.ts', 'no rule reads the identifier of an ICMP packet of the other family or kind', 'const echo ='),
  same('nft/registers.ts', 'four bytes are answered in the line before', ['if (bytes < 4)', '< → <=']),
  same('nft/registers.ts', 'a word too many is cut off in the next line', 'for (let i = 1; i * 4 < bytes; i++)'),
  gap(
    'nft/set.ts',
    'the kernel names the fields of sets with ranges alone: another concatenation is one plain key',
    'const ranged = concatenated',
    'exact: shape ===',
  ),
  gap('nft/set.ts', "this kernel's intervals come as two edges each", 'if (after !== null)'),
  same('nft/set.ts', 'no two elements have one rank', ['if ((best === null', '< → <=']),
  gap('nft/set.ts', 'the elements of an interval come in this order already', 'a.key < b.key'),
  gap('nft/expressions/routing.ts', 'no recorded packet has fib asked for ::1 or for an address of a link', [
    'const own =',
    '!== → ===',
  ]),
  gap('nft/expressions/routing.ts', 'where fib asks by a device, no recorded packet has a route by another', [
    'const key =',
    '!== → ===',
  ]),
].flat();
