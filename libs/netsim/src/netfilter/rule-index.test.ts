/** The index of a long chain passes over no rule that could match, and the way without a story is the same way. */
import { ip, type XtMatch, type XtTarget } from '@netverdict/linux-net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { evaluate, verdictOf } from '../evaluate.ts';
import { cluster, known, type RuleSpec, ruleset } from '../testing/cluster.ts';
import { A1, flow, HOST1 } from '../testing/flows.ts';
import { indexRules } from './rule-index.ts';

const FULL = ip('255.255.255.255');
const addresses = ['10.244.1.2', '10.244.1.3', '10.244.2.2', '10.244.2.3', '172.18.0.12', '10.96.0.1'];
const masks = [FULL, FULL, FULL, ip('255.255.255.0'), ip('255.0.0.255')];
const anyAddress = fc.record({
  address: fc.constantFrom(...addresses.map(ip)),
  mask: fc.constantFrom(...masks),
});
const negate = fc.integer({ min: 0, max: 5 }).map((n) => n === 0);
const port = fc.constantFrom(
  { from: 80, to: 80 },
  { from: 81, to: 81 },
  { from: 53, to: 53 },
  { from: 1, to: 90 },
  { from: 40000, to: 40000 },
);
const device = fc.constantFrom('cni0', 'veth2', 'veth3', 'flannel.1', 'eth0');

const anyMatch: fc.Arbitrary<XtMatch> = fc.oneof(
  fc.record({ kind: fc.constant('destination' as const), negate, value: anyAddress }),
  fc.record({ kind: fc.constant('source' as const), negate, value: anyAddress }),
  fc.record({ kind: fc.constant('dport' as const), negate, range: port }),
  fc.record({ kind: fc.constant('sport' as const), negate, range: port }),
  fc.record({ kind: fc.constant('in-interface' as const), negate, name: device, wildcard: negate }),
  fc.record({ kind: fc.constant('out-interface' as const), negate, name: device, wildcard: negate }),
  fc.record({ kind: fc.constant('protocol' as const), negate, number: fc.constantFrom(1, 6, 17) }),
  fc.record({
    kind: fc.constant('mark' as const),
    negate,
    value: fc.constantFrom(0, 1),
    mask: fc.constantFrom(1, 0xffffffff),
  }),
  fc.record({ kind: fc.constant('statistic-random' as const), negate, probability: fc.constantFrom(0.25, 0.5) }),
  fc.record({ kind: fc.constant('unsupported' as const), module: fc.constant('bpf'), text: fc.constant('-m bpf') }),
);

const anyTarget = (chains: readonly string[]): fc.Arbitrary<XtTarget | null> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(null) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('jump' as const), chain: fc.constantFrom(...chains) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('goto' as const), chain: fc.constantFrom(...chains) }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'return' as const }) },
    { weight: 1, arbitrary: fc.constantFrom({ kind: 'accept' as const }, { kind: 'drop' as const }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('mark' as const),
        value: fc.constantFrom(0, 1),
        mask: fc.constant(1),
      }),
    },
  );

const rules = (chains: readonly string[]): fc.Arbitrary<RuleSpec[]> =>
  fc.array(fc.record({ matches: fc.array(anyMatch, { minLength: 1, maxLength: 3 }), target: anyTarget(chains) }), {
    minLength: 16,
    maxLength: 30,
  });

const tables = fc.record({
  FORWARD: rules(['ONE', 'TWO']),
  PREROUTING: rules(['ONE', 'TWO']),
  ONE: rules(['TWO']),
  TWO: fc.array(fc.record({ matches: fc.array(anyMatch, { maxLength: 2 }), target: anyTarget(['NONE']) }), {
    minLength: 16,
    maxLength: 20,
  }),
});

it('of a ruleset of any kind, the index says what a walk over every rule says, step by step', () => {
  fc.assert(
    fc.property(
      tables,
      fc.constantFrom('10.244.1.3:80', '10.244.1.3:81', '10.244.2.2:80', '10.244.2.3'),
      (chains, to) => {
        const forward = { FORWARD: chains.FORWARD, ONE: chains.ONE, TWO: chains.TWO };
        const pre = { PREROUTING: chains.PREROUTING, ONE: chains.ONE, TWO: chains.TWO };
        const iptablesNft = known(ruleset('nft', { mangle: pre, filter: forward }));
        const world = cluster({ edit: { [HOST1]: (state) => ({ ...state, iptablesNft }) } });
        const asked = flow(A1, to);
        const indexed = evaluate(world, asked, { maxBranches: 6 });
        const naive = evaluate(world, asked, { maxBranches: 6, indexes: false });
        expect(indexed.trace).toEqual(naive.trace);
        expect(indexed.branches.map((b) => b.rulesMet)).toEqual(naive.branches.map((b) => b.rulesMet));
        expect(indexed.shares).toEqual(naive.shares);
        const alone = verdictOf(world, asked, { maxBranches: 6 });
        expect(alone.shares).toEqual(indexed.shares);
        expect(alone.fates.map((f) => [f.disposition, f.share, f.heard, f.arrived])).toEqual(
          indexed.branches.map((b) => [b.branch.disposition, b.branch.share, b.heard, b.arrived]),
        );
      },
    ),
    { numRuns: 25 },
  );
}, 60_000);

it('a chain of a few rules has no index', () => {
  expect(indexRules([])).toBeNull();
});
