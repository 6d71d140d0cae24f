/** In which order a packet meets tables of iptables, base chains of native nftables, conntrack and NAT. */
import type { NetfilterHook, NftChain, NftExpr, NftRuleset, NftTable } from '@netverdict/linux-net';
import { describe, expect, it } from 'vitest';
import { diagnose } from '../diagnose.ts';
import { evaluate } from '../evaluate.ts';
import { cluster, known, ruleset } from '../testing/cluster.ts';
import { A1, flow, HOST1, HOST2, traceText } from '../testing/flows.ts';

type Base = NonNullable<NftChain['base']>;
const COUNT: NftExpr = { kind: 'counter', packets: 0, bytes: 0 };
const DROP: NftExpr = { kind: 'verdict', verdict: { code: 'drop' } };
const ACCEPT: NftExpr = { kind: 'verdict', verdict: { code: 'accept' } };
const mark = (value: string): readonly NftExpr[] => [
  { kind: 'immediate', dreg: 0, data: value },
  { kind: 'meta-set', key: 'mark', sreg: 0 },
];
const marked = (value: string): readonly NftExpr[] => [
  { kind: 'meta', key: 'mark', dreg: 0 },
  { kind: 'cmp', op: 'eq', sreg: 0, data: value },
];
const state = (bits: string): readonly NftExpr[] => [
  { kind: 'ct', key: 'state', direction: null, dreg: 0 },
  { kind: 'cmp', op: 'eq', sreg: 0, data: bits },
];

function chain(name: string, handle: number, base: Partial<Base> | null, ...rules: (readonly NftExpr[])[]): NftChain {
  return {
    name,
    handle,
    base: base && { type: 'filter', hook: 'forward', priority: 0, policy: 'accept', devices: [], ...base },
    rules: rules.map((expressions, i) => ({
      handle: 100 + handle * 10 + i,
      position: i + 1,
      expressions,
      comment: null,
      evidence: { line: i + 1, text: `rule ${i + 1} of ${name}` },
    })),
    evidence: { line: 1, text: name },
  };
}
const table = (name: string, chains: readonly NftChain[], more: Partial<NftTable> = {}): NftTable => ({
  family: 'inet',
  name,
  dormant: false,
  chains,
  sets: [],
  objects: [],
  ...more,
});
const nft = (...tables: readonly NftTable[]): { nftables: ReturnType<typeof known<NftRuleset>> } => ({
  nftables: known<NftRuleset>({ tables }),
});

const FLOW = flow(A1, '10.244.2.2:80');
const worldWith = (more: object) => cluster({ edit: { [HOST1]: (s) => ({ ...s, ...more }) } });
/** Rules of HOST1 that the packet meets on its way there, and what becomes of it. */
function met(more: object) {
  const { branches, unknowns } = evaluate(worldWith(more), FLOW);
  return {
    rules: branches[0]?.rulesMet
      .filter((r) => r.namespace === HOST1 && r.direction === 'forward' && r.tool !== 'iptables-legacy')
      .map((r) => `${r.table} ${r.chain} ${r.rule}`),
    disposition: branches[0]?.branch.disposition,
    unknowns: unknowns.length,
    ways: branches.length,
  };
}

describe('of one hook', () => {
  it('the lower priority comes first', () =>
    expect(
      met(
        nft(table('t', [chain('late', 1, { priority: 10 }, [COUNT]), chain('early', 2, { priority: -10 }, [COUNT])])),
      ),
    ).toMatchObject({
      rules: ['t early 1', 't early policy', 't late 1', 't late policy'],
      disposition: 'delivered',
    }));
  it('of one priority the chain that was made last comes first', () =>
    expect(met(nft(table('t', [chain('first', 1, {}, [COUNT]), chain('second', 2, {}, [COUNT])]))).rules).toEqual([
      't second 1',
      't second policy',
      't first 1',
      't first policy',
    ]));
  it('an accept ends its own chain only', () =>
    expect(
      met(nft(table('t', [chain('a', 1, { priority: -1 }, [ACCEPT], [DROP]), chain('b', 2, {}, [DROP])]))),
    ).toMatchObject({ rules: ['t a 1', 't b 1'], disposition: 'dropped' }));
  it('a drop ends all', () =>
    expect(met(nft(table('t', [chain('a', 1, { priority: -1 }, [DROP]), chain('b', 2, {}, [ACCEPT])])))).toMatchObject({
      rules: ['t a 1'],
      disposition: 'dropped',
    }));
  it('a policy of drop is met at the end, and not after an accept', () => {
    expect(met(nft(table('t', [chain('a', 1, { policy: 'drop' }, [COUNT])]))).disposition).toBe('dropped');
    expect(met(nft(table('t', [chain('a', 1, { policy: 'drop' }, [ACCEPT])]))).disposition).toBe('delivered');
  });
  it('a dormant table is not hooked in', () =>
    expect(met(nft(table('t', [chain('a', 1, {}, [DROP])], { dormant: true }))).rules).toEqual([]));
  it('a table of the other family is not met', () =>
    expect(met(nft(table('t', [chain('a', 1, {}, [DROP])], { family: 'ip6' }))).rules).toEqual([]));
  it('connection tracking stands at -200', () =>
    expect(
      met(
        nft(
          table('t', [
            chain('before', 1, { hook: 'prerouting', priority: -201 }, [...state('01000000'), COUNT]),
            chain('after', 2, { hook: 'prerouting', priority: -199 }, [...state('08000000'), COUNT]),
          ]),
        ),
      ).rules,
    ).toEqual(['t before 1', 't before policy', 't after 1', 't after policy']));
  it('a chain between mangle and nat of iptables sees the mark that mangle set', () =>
    expect(
      met({
        ...nft(table('t', [chain('c', 1, { hook: 'prerouting', priority: -149 }, [...marked('05000000'), DROP])])),
        iptablesNft: known(
          ruleset('nft', { mangle: { PREROUTING: [{ target: { kind: 'mark', value: 5, mask: 0xffffffff } }] } }),
        ),
      }).disposition,
    ).toBe('dropped'));
});

it('a rule that only counts, by a rate that is not known, may be met', () => {
  const limit: NftExpr = { kind: 'limit', type: 'packets', rate: 1, unitSeconds: 1, burst: 5, invert: false };
  const { branches, unknowns } = evaluate(worldWith(nft(table('t', [chain('a', 1, {}, [limit, COUNT])]))), FLOW);
  expect(unknowns).toEqual([]);
  expect(branches[0]?.rulesMet[0]).toMatchObject({ rule: 1, maybe: true });
});

describe('of one priority, in different tables', () => {
  const both = (a: readonly NftExpr[], b: readonly NftExpr[]) =>
    nft(table('one', [chain('a', 1, {}, a)]), table('two', [chain('b', 1, {}, b)]));
  it('it does not matter where one only counts', () => expect(met(both([COUNT], [DROP])).unknowns).toBe(0));
  it('it does not matter where one passes this packet', () =>
    expect(met(both([DROP], [...marked('09000000'), DROP]))).toMatchObject({ disposition: 'dropped', unknowns: 0 }));
  it('both orders are followed where one sets what the other asks for', () => {
    const result = met(both([...mark('05000000')], [...marked('05000000'), DROP]));
    expect(result.unknowns).toBeGreaterThan(0);
    expect(result.ways).toBe(2);
  });
  it('where both lose this packet its fate is known, and the rules of either order are told', () => {
    const { branches, unknowns } = evaluate(worldWith(both([DROP], [COUNT, DROP])), FLOW, { observed: true });
    expect(unknowns).toEqual([]);
    expect(branches).toHaveLength(1);
    const rules = (met: (typeof branches)[number]['rulesMet']) =>
      met.filter((r) => r.tool === 'inet').map((r) => `${r.table} ${r.chain}`);
    expect(branches.flatMap((b) => [b, ...b.otherwise]).map((b) => rules(b.rulesMet))).toEqual([['two b'], ['one a']]);
  });
});

describe('of one priority, where the kernel lists its hooks', () => {
  const hook = (chain: NetfilterHook['chain'], name = 'nft_do_chain_inet'): NetfilterHook => ({
    family: 'ip',
    hook: 'forward',
    priority: 0,
    function: name,
    chain,
  });
  const one = hook({ family: 'inet', table: 'one', name: 'a' });
  const two = hook({ family: 'inet', table: 'two', name: 'b' });
  const sets = nft(
    table('one', [chain('a', 1, {}, [...mark('05000000')])]),
    table('two', [chain('b', 1, {}, [...marked('05000000'), DROP])]),
  );
  const DROPS = { FORWARD: [{ target: { kind: 'drop' as const } }] };
  it.each([
    ['the one that sets the mark', [one, two], 'dropped'],
    ['the one that asks for it', [two, one], 'delivered'],
  ] as const)('%s comes first where it stands first', (_, list, disposition) =>
    expect(met({ ...sets, netfilterHooks: known(list) })).toMatchObject({ disposition, unknowns: 0, ways: 1 }),
  );
  it('iptables-nft goes by its chain, legacy by the function that the kernel calls', () => {
    const both = {
      iptablesLegacy: known(ruleset('legacy', { filter: DROPS })),
      iptablesNft: known(ruleset('nft', { filter: DROPS })),
    };
    const ofNft = hook({ family: 'ip', table: 'filter', name: 'FORWARD' }, 'nft_do_chain_ipv4');
    const ofLegacy = hook(null, 'ipt_do_table');
    const metFirst = (...list: NetfilterHook[]) =>
      evaluate(worldWith({ ...both, netfilterHooks: known(list) }), FLOW)
        .branches.map((b) => b.rulesMet.find((r) => r.table === 'filter')?.tool)
        .join();
    expect(metFirst(ofNft, ofLegacy)).toBe('iptables-nft');
    expect(metFirst(ofLegacy, ofNft)).toBe('iptables-legacy');
  });
  it('a list without one of them tells nothing', () =>
    expect(met({ ...sets, netfilterHooks: known([one]) }).ways).toBe(2));
});

describe('chains', () => {
  const jump = (to: string, code: 'jump' | 'goto' = 'jump'): NftExpr => ({
    kind: 'verdict',
    verdict: { code, chain: to },
  });
  const RETURN: NftExpr = { kind: 'verdict', verdict: { code: 'return' } };
  it('are come back from after a jump', () =>
    expect(
      met(nft(table('t', [chain('a', 1, {}, [jump('b')], [COUNT]), chain('b', 2, null, [COUNT], [RETURN], [DROP])])))
        .rules,
    ).toEqual(['t a 1', 't b 1', 't b 2', 't a 2', 't a policy']));
  it('are not come back to after a goto', () =>
    expect(
      met(
        nft(
          table('t', [
            chain('a', 1, {}, [jump('b')], [COUNT]),
            chain('b', 2, null, [jump('c', 'goto')], [DROP]),
            chain('c', 3, null, [COUNT]),
          ]),
        ),
      ).rules,
    ).toEqual(['t a 1', 't b 1', 't c 1', 't a 2', 't a policy']));
  it('that the packet leaves the base chain for by goto end in its policy', () =>
    expect(
      met(
        nft(
          table('t', [chain('a', 1, { policy: 'drop' }, [jump('b', 'goto')], [ACCEPT]), chain('b', 2, null, [COUNT])]),
        ),
      ).disposition,
    ).toBe('dropped'));
});

describe('findings', () => {
  const diagnosisOf = (rules: readonly (readonly NftExpr[])[], base: Partial<Base> = {}) => {
    const more = nft(table('t', [chain('c', 1, base, ...rules)]));
    const { diagnosis } = diagnose(worldWith(more), FLOW, { source: 'a', destination: 'b' });
    expect(diagnosis.findings.length, traceText(diagnosis.trace)).toBeGreaterThan(0);
    return diagnosis;
  };
  it('name a rule by its handle, and prove that deleting it helps', () => {
    const [finding] = diagnosisOf([[COUNT], [DROP]]).findings;
    expect(finding).toMatchObject({
      code: 'NV-FILTER-DROP',
      params: { chain: 'c', table: 'inet t', rule: 2, tool: 'nft' },
      remedy: { command: 'nft delete rule inet t c handle 111', proven: true },
    });
  });
  it('say with what it is rejected', () => {
    const diagnosis = diagnosisOf([[{ kind: 'reject', type: 'icmpx', code: 3 }]]);
    expect(diagnosis.findings[0]).toMatchObject({
      code: 'NV-FILTER-REJECT',
      params: { with: 'icmp-admin-prohibited' },
    });
  });
  it('name a policy', () => {
    const [finding] = diagnosisOf([[COUNT]], { policy: 'drop' }).findings;
    expect(finding).toMatchObject({
      code: 'NV-FILTER-POLICY-DROP',
      remedy: { command: "nft add chain inet t c '{ policy accept ; }'", proven: true },
    });
  });
});

it('of two hosts each has its own', () => {
  const world = cluster({ edit: { [HOST2]: (s) => ({ ...s, ...nft(table('t', [chain('a', 1, {}, [DROP])])) }) } });
  expect(evaluate(world, FLOW).branches[0]?.branch.disposition).toBe('dropped');
});
