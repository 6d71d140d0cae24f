/** Why nobody can tell certain mutants of routes, paths and sockets from the model. */
import type { Explanation } from './explained.ts';

const same = (file: string, code: string, why: string, change?: string): Explanation => ({
  file,
  code,
  is: 'equivalent',
  why,
  ...(change === undefined ? {} : { change }),
});
const WORDS = 'words of a finding: neither end hears of either';
const NOT_CHOSEN_YET = 'the source is not chosen yet, and so not asked for';
const ASKED_LESS =
  'says only where the choice among several default routes is not told; such packets are left out of the comparison';

const gap = (file: string, code: string, why: string): Explanation => ({ file, code, is: 'gap', why });

export const OF_ROUTES: readonly Explanation[] = [
  same('path/output-route.ts', 'if (tell) tellRoute', 'words'),
  same(
    'route/output.ts',
    "return { kind: 'route', route: null, nexthop: null, out: loopback",
    'there is no gateway either way',
    'true → false',
  ),
  same('route/output.ts', 'local: true,', 'there is no gateway either way'),
  gap('route/rules.ts', 'if (rule.dscp', 'the `ip` of this system writes no rule for a DSCP'),
  gap(
    'route/source6.ts',
    'if (typeof own.address',
    'an address is optimistic while it is looked for twice, and worlds wait for that',
  ),
  gap(
    'route/source6.ts',
    'const useOptimistic',
    'an address is optimistic while it is looked for twice, and worlds wait for that',
  ),
  gap(
    'route/source6.ts',
    'const optimistic',
    'an address is optimistic while it is looked for twice, and worlds wait for that',
  ),
  gap(
    'route/source6.ts',
    'Number(!optimistic)',
    'an address is optimistic while it is looked for twice, and worlds wait for that',
  ),
  same('path/egress.ts', "const routes = packet.family === 'ipv4'", WORDS),
  same('path/egress.ts', "const kind = packet.family === 'ipv4'", WORDS),
  same('path/input.ts', 'const loopbackOnly =', WORDS),
  same(
    'path/output-route.ts',
    '): OutputRoute => routed(',
    'asked by who filters ARP answers: no rule of theirs has a `from`',
  ),
  same(
    'path/output-route.ts',
    "if (direction === 'forward' ||",
    'the source of what the flow itself sends was looked at when it was chosen',
  ),
  same('path/output.ts', '(walk.direction ===', 'asks for programs at cgroups, of which no world has any'),
  same('path/output.ts', 'realms: leaving.realms ??', 'a route has realms, be they 0: the default is for the compiler'),
  same('route/addresses.ts', "typeof address === 'bigint' && address >> 118n", 'the bit is shifted out'),
  same('route/addresses.ts', 'return address >> 118n === 0xfec0n', 'the bit is shifted out'),
  same('route/choose-source.ts', 'const found = routeOut(', NOT_CHOSEN_YET),
  same('socket/to-everybody.ts', 'const way = routeOut(', NOT_CHOSEN_YET),
  same('route/dead.ts', '', 'a hop that is dead is not taken, and neither is one that is ignored for its carrier'),
  same('route/decide-input.ts', '{ routeOnly = false, anew = false }', 'who asks for the loopback device says it'),
  same('route/input.ts', 'const why: Martian =', 'the name of the finding: neither end hears of either'),
  same(
    'route/input.ts',
    "if (refusal.kind !== 'rp-filter')",
    'the name of the finding: both lose the packet in silence',
  ),
  same('route/lookup.ts', 'if (target <= index', 'a rule names no rule of its own priority (fib_nl2rule refuses it)'),
  same('route/lookup.ts', 'const first = ns.net.addressesOn(dev)', 'IPv6 always says what the address is for'),
  same(
    'route/output.ts',
    'const result = lookup(walk, ns, source === key.source',
    'a copy of the same question',
    '=== → !==',
  ),
  same('route/output.ts', 'const strictDevice =', "asked again by the socket's device when the packet is sent"),
  same('route/prefix-index.ts', 'if (only === NONE)', 'a list of one kept without a copy: the answer is the same'),
  same('route/realms.ts', 'lookup(walk, ns, reverseKey(', 'what may be its own has no say in the question'),
  same(
    'route/reverse-path.ts',
    'const through = lookup(',
    'where no route leads by the device the next question finds the same one',
  ),
  same(
    'route/reverse-path.ts',
    "return { kind: 'other-device'",
    'the device is named in words only; that it is another one is what decides',
  ),
  same('route/rules.ts', 'rest: () => boolean', 'who asks without it asks about rules that have an answer for all'),
  same('route/rules.ts', 'if (rule.l3mdev', 'a rule for layer 3 domains names no table, whether it holds or not'),
  same('route/rules.ts', 'if (rule.from && rule.from.length', 'from everywhere is read as no prefix at all', '> → >='),
  same('route/rules.ts', 'if (rule.to && rule.to.length', 'to everywhere is read as no prefix at all', '> → >='),
  same('route/rules.ts', '(rule.from === null ||', 'from everywhere is read as no prefix at all'),
  same('route/rules.ts', '(rule.to === null ||', 'to everywhere is read as no prefix at all'),
  same('route/rules.ts', 'sorted = [...rules.value]', 'the rules are listed in this order already'),
  same(
    'route/source6.ts',
    'for (let i = 0; i < a.length; i++) if (a[i] !== b[i])',
    'they differ, or there is nothing behind the last of both',
  ),
  same(
    'route/source6.ts',
    'const isOrchid =',
    'both sides are turned round, and are compared with each other',
    '=== → !==',
  ),
  same('route/table4.ts', 'return good.length === 1', 'the first of one is all of it'),
  same('route/table4.ts', "return walk.sees('route/nexthop-of-source'", 'asked for twice: one of the two decides'),
  same('route/table4.ts', 'if (route.type !==', ASKED_LESS),
  same('route/table4.ts', "other.type === 'unicast'", ASKED_LESS),
  same(
    'route/table6.ts',
    'const alive =',
    'a hop that may not be used leaves the choice with the one that was found',
    '!h.linkdown → (h.linkdown)',
  ),
  same('route/table6.ts', 'const picked =', 'of one hop, or of none, the one that was found is taken'),
  same('route/table6.ts', 'if (group.length > 0)', 'of no routes none is found'),
  same(
    'route/validate-source.ts',
    'useMark: packet.mark === 0',
    'whether it is counted as met: the answer is the same',
  ),
  same('route/validate-source.ts', 'sysctl: sysctl(ns, allPath)', WORDS),
  same('route/validate-source.ts', 'expected: path.kind ===', WORDS),
  same('route/validate-source.ts', 'loosely: path.kind ===', WORDS),
  same(
    'socket/listener.ts',
    'if (score !== null && score >',
    'of two sockets that fit as well the first or the last takes it: both are of one host',
  ),
  same(
    'socket/listener.ts',
    'const receives =',
    'a TCP socket that is connected takes what is from its own peer alone',
  ),
  same(
    'socket/listener.ts',
    'if (socket.family === packet.family)',
    'an IPv4 address in IPv6 is no destination of an IPv6 packet',
  ),
  same(
    'socket/listener.ts',
    "if (socket.family === 'ipv4') return",
    'an IPv4 address is no destination of an IPv6 packet',
  ),
  same('socket/listener.ts', 'return socket.v6only === null', 'in a judged world all is collected'),
  same('socket/listener.ts', 'let score =', 'of two sockets that fit one takes it: both are of one host'),
];
