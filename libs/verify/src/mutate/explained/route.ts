/** Why nobody can tell certain mutants of routes from the model. */
import { type Explanation, gap, same } from './explanation.ts';
import { FINDING, MET, NOT_CHOSEN_YET, SHIFTED_OUT } from './reasons.ts';

export const OF_ROUTE: readonly Explanation[] = [
  same(
    'route/addresses.ts',
    SHIFTED_OUT,
    ["typeof address === 'bigint' && address >> 118n", '0xfe80n → (0xfe80n ^ 1n)'],
    ['return address >> 118n === 0xfec0n', '0xfec0n → (0xfec0n ^ 1n)'],
  ),
  same('route/choose-source.ts', NOT_CHOSEN_YET, 'const found = routeOut('),
  same(
    'route/dead.ts',
    'a hop that is dead is not taken, and neither is one that is ignored for its carrier',
    ['const link = hop.dev === null ? undefine', '=== → !=='],
    [
      'if (!link || !hop.linkdown || !link.up) ',
      '!link || !hop.linkdown || !link.up → !(!link || !hop.linkdown || !link.up)',
    ],
    ['if (!link || !hop.linkdown || !link.up) ', '!link → (link)'],
    ['if (!link || !hop.linkdown || !link.up) ', '!hop.linkdown → (hop.linkdown)'],
    ['if (!link || !hop.linkdown || !link.up) ', '!link.up → (link.up)'],
  ),
  same('route/decide-input.ts', 'who asks for the loopback device says it', '{ routeOnly = false, anew = false }'),
  same('route/input.ts', 'the name of the finding: neither end hears of either', 'const why: Martian ='),
  same('route/lookup.ts', 'a rule names no rule of its own priority (fib_nl2rule refuses it)', [
    'if (target <= index',
    '<= → <',
  ]),
  same('route/lookup.ts', 'IPv6 always says what the address is for', 'const first = ns.net.addressesOn(dev)'),
  same(
    'route/output.ts',
    'there is no gateway either way',
    ["return { kind: 'route', route: null, nexthop: null, out: loopback", 'true → false'],
    'local: true,',
  ),
  same('route/output.ts', 'a copy of the same question', [
    'const result = lookup(walk, ns, source === key.source',
    '=== → !==',
  ]),
  same(
    'route/output.ts',
    "asked again by the socket's device when the packet is sent",
    ['const strictDevice =', '=== → !=='],
    ['const strictDevice =', '!== → ==='],
  ),
  same('route/prefix-index.ts', 'a list of one kept without a copy: the answer is the same', 'if (only === NONE)'),
  gap('route/prefix-index.ts', 'no prefix stands in both tables that are asked as one', 'list.sort((a, b) => b.table'),
  same('route/realms.ts', 'what may be its own has no say in the question', 'lookup(walk, ns, reverseKey('),
  gap(
    'route/realms.ts',
    'no rule asks for realms of which a route gives one half and a policy rule the other',
    'if (realms === null || by === null)',
  ),
  same(
    'route/reverse-path.ts',
    'the device is named in words only; that it is another one is what decides',
    "return { kind: 'other-device'",
  ),
  gap(
    'route/reverse-path.ts',
    'no rule asks for the way back to an address of the link alone',
    'if (options.anyDevice && !onLink)',
    'const through =',
  ),
  gap('route/rules.ts', 'the `ip` of this system writes no rule for a DSCP', 'if (rule.dscp'),
  same('route/rules.ts', 'who asks without it asks about rules that have an answer for all', 'rest: () => boolean'),
  same(
    'route/rules.ts',
    'a rule for layer 3 domains names no table, whether it holds or not',
    ['if (rule.l3mdev', "!walk.sees('route-rule/l3mdev', false) → (walk.sees('route-rule/l3mdev', false))"],
    ['if (rule.l3mdev', 'false → true'],
  ),
  same(
    'route/rules.ts',
    'from everywhere is read as no prefix at all',
    ['if (rule.from && rule.from.length', '> → >='],
    '(rule.from === null ||',
  ),
  same(
    'route/rules.ts',
    'to everywhere is read as no prefix at all',
    ['if (rule.to && rule.to.length', '> → >='],
    '(rule.to === null ||',
  ),
  gap(
    'route/rules.ts',
    'no packet differs from the TOS of a rule only in the bits that one of the families leaves out',
    "rule.family === 'ipv4' ? tos ===",
  ),
  gap(
    'route/source6.ts',
    'an address is optimistic while it is looked for twice, and worlds wait for that',
    'if (typeof own.address',
    'const useOptimistic',
    'const optimistic',
    'Number(!optimistic)',
  ),
  same('route/source6.ts', 'they differ, or there is nothing behind the last of both', [
    'for (let i = 0; i < a.length; i++) if (a[i] !== b[i])',
    '> → >=',
  ]),
  same('route/source6.ts', 'both sides are turned round, and are compared with each other', [
    'const isOrchid =',
    '=== → !==',
  ]),
  same('route/table4.ts', 'the first of one is all of it', 'return good.length === 1'),
  same('route/table4.ts', 'asked for twice: one of the two decides', "return walk.sees('route/nexthop-of-source'"),
  same(
    'route/table4.ts',
    'says only where the choice among several default routes is not told; such packets are left out of the comparison',
    ['if (route.type !==', '!== → ==='],
    "other.type === 'unicast'",
  ),
  gap(
    'route/table4.ts',
    'no device of several next hops has several addresses',
    'hop.dev === null ? null : selectAddress4(',
  ),
  same('route/table6.ts', 'a hop that may not be used leaves the choice with the one that was found', [
    'const alive =',
    '!h.linkdown → (h.linkdown)',
  ]),
  same('route/table6.ts', 'of one hop, or of none, the one that was found is taken', 'const picked ='),
  same('route/table6.ts', 'of no routes none is found', ['if (group.length > 0)', '> → >=']),
  same('route/validate-source.ts', MET, 'useMark: packet.mark === 0'),
  same(
    'route/validate-source.ts',
    FINDING,
    'sysctl: sysctl(ns, allPath)',
    'expected: path.kind ===',
    'loosely: path.kind ===',
  ),
  gap('route/dead.ts', 'no recorded packet is left with a hop that is dead while its device is up', 'return !confOf('),
  gap(
    'route/key.ts',
    'rules for loopback alone, which need no look, see no packet that is forwarded',
    'const dissected =',
  ),
  gap('route/realms.ts', 'the realms of a source decide no recorded packet', 'if (hop === null ||'),
].flat();
