/** Packets through a small cluster: each row is a sentence, its packet, and what must become of it. */
import type { Flow, XtMatch } from '@netverdict/linux-net';
import { describe, expect, it } from 'vitest';
import { type DiagnoseOptions, diagnose } from './diagnose.ts';
import { type ClusterOptions, cluster, known, type RuleSpec, type Tables } from './testing/cluster.ts';
import {
  dnat,
  FWD_DROP,
  legacy,
  linkDown,
  MASQ,
  MASQUERADE,
  nft,
  SERVICE,
  SVC,
  tcp,
  toOutside,
} from './testing/edits.ts';
import { A1, A2, B1, flow, HOST1, HOST2 } from './testing/flows.ts';
import { NAMES, rows } from './testing/rows.ts';

rows('clean', [
  { name: 'pod to pod on the same node crosses the bridge', flow: flow(A1, '10.244.1.3:80'), outcome: 'reachable' },
  {
    name: 'pod to pod on another node goes through the tunnel and back',
    flow: flow(A1, '10.244.2.2:80'),
    outcome: 'reachable',
  },
  {
    name: 'host-gw: pod to pod on another node',
    flow: flow(A1, '10.244.2.2:80'),
    with: { mode: 'host-gw' },
    outcome: 'reachable',
  },
  { name: 'a ping is answered by the kernel', flow: flow(A1, '10.244.2.2'), outcome: 'reachable' },
  { name: 'UDP reaches a UDP socket', flow: flow(A1, '10.244.2.2:53', { protocol: 'udp' }), outcome: 'reachable' },
  { name: 'pod to its own node', flow: flow(A1, '172.18.0.11:80'), outcome: 'reachable' },
  {
    name: 'pod to another node',
    flow: flow(A1, '172.18.0.12:80'),
    with: { edit: { [HOST1]: nft({ nat: { POSTROUTING: [{ target: MASQUERADE }] } }) } },
    outcome: 'reachable',
  },
  { name: 'node to node', flow: flow(HOST1, '172.18.0.12:80'), outcome: 'reachable' },
  { name: 'node to itself over loopback', flow: flow(HOST1, '127.0.0.1:80'), outcome: 'reachable' },
  {
    name: 'node to a pod elsewhere has the tunnel end as its source',
    flow: flow(HOST1, '10.244.2.2:80'),
    outcome: 'reachable',
  },
  {
    name: 'pod to an outside address, masqueraded',
    flow: flow(A1, '203.0.113.10:443'),
    with: { edit: { [HOST1]: nft({ nat: { POSTROUTING: [{ target: MASQUERADE }] } }) } },
    outcome: 'reachable',
    disposition: 'exits-network',
  },
  {
    name: 'pod to a Service with backends on both nodes',
    flow: flow(B1, SVC),
    with: { edit: { [HOST1]: nft(SERVICE) } },
    outcome: 'reachable',
  },
  {
    name: 'node to a Service is masqueraded and answered',
    flow: flow(HOST1, SVC),
    with: { edit: { [HOST1]: legacy(SERVICE) } },
    outcome: 'reachable',
  },
  {
    name: 'pod to itself through its Service takes the hairpin',
    flow: flow(A1, SVC),
    with: { edit: { [HOST1]: nft(SERVICE) } },
    outcome: 'reachable',
  },
  {
    name: "the destination's lo being down does not matter",
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A2]: linkDown('lo') } },
    outcome: 'reachable',
  },
  {
    name: 'a rule with an unsupported match that only logs does not matter',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: {
        [HOST2]: nft({
          filter: {
            FORWARD: [
              {
                matches: [{ kind: 'unsupported', module: 'bpf', text: '' }],
                target: { kind: 'observe', name: 'LOG', options: [] },
              },
            ],
          },
        }),
      },
    },
    outcome: 'reachable',
  },
  {
    name: 'an unsupported match whose both answers accept does not matter',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: {
        [HOST2]: nft({
          filter: {
            FORWARD: [{ matches: [{ kind: 'unsupported', module: 'bpf', text: '' }], target: { kind: 'accept' } }],
          },
        }),
      },
    },
    outcome: 'reachable',
  },
]);

it('a packet that goes where nothing was collected asks for it', () => {
  expect(diagnose(cluster({ without: [A2] }), flow(A1, '10.244.2.2:80'), NAMES).needs).toMatchObject([
    { kind: 'pod', node: 'node-2', namespace: 'shop', pod: 'a-2' },
  ]);
  expect(diagnose(cluster({ without: [HOST2, A2] }), flow(A1, '10.244.2.2:80'), NAMES).needs).toMatchObject([
    { kind: 'node', node: 'node-2' },
  ]);
  expect(diagnose(cluster({ without: [A1] }), flow(A1, '10.244.2.2:80'), NAMES).needs).toMatchObject([
    { kind: 'pod', node: 'node-1', pod: 'a-1' },
  ]);
});

it('shares are those of the rules, and a reply-only drop is told as such', () => {
  const { diagnosis } = diagnose(
    cluster({ edit: { [HOST1]: nft(SERVICE), [A2]: (s) => ({ ...s, sockets: known([]) }) } }),
    flow(B1, SVC),
    NAMES,
  );
  expect(diagnosis.verdict.share).toEqual({ reachable: 0.5, unreachable: 0.5, undetermined: 0 });
  expect(diagnosis.trace.branches.map((b) => b.choices[0]?.label)).toEqual([
    'backend shop/a-1 10.244.1.2:80',
    'backend shop/a-2 10.244.2.2:80',
  ]);
  expect(diagnosis.findings[0]?.branches).toEqual(['b2']);
  const reply = diagnose(
    cluster({
      edit: {
        [HOST2]: nft({
          filter: {
            FORWARD: [
              { matches: [{ kind: 'sport', negate: false, range: { from: 80, to: 80 } }], target: { kind: 'drop' } },
            ],
          },
        }),
      },
    }),
    flow(A1, '10.244.2.2:80'),
    NAMES,
  );
  expect(reply.diagnosis.findings[0]?.direction).toBe('reply');
});

it('a budget on branches is told as a share that was not examined', () => {
  const { diagnosis } = diagnose(cluster({ edit: { [HOST1]: nft(SERVICE) } }), flow(B1, SVC), NAMES, {
    maxBranches: 1,
  });
  expect(diagnosis.unexamined).toBe(0.5);
  expect(diagnosis.verdict.outcome).toBe('undetermined');
  expect(diagnosis.findings.map((f) => f.code)).toEqual(['NV-UNEXAMINED']);
});

describe('a budget of work', () => {
  const unknown: XtMatch = { kind: 'unsupported', module: 'u32', text: '' };
  const rules = (count: number, matches: readonly XtMatch[], target: RuleSpec['target']): RuleSpec[] =>
    Array.from({ length: count }, () => ({ matches, target }));
  const ask = (tables: Tables, options: DiagnoseOptions = {}) =>
    diagnose(cluster({ edit: { [HOST1]: nft(tables) } }), flow(A1, '10.244.2.2:80'), NAMES, options);

  it('that is used up in the first branch leaves everything unexamined', () => {
    const { diagnosis } = ask(FWD_DROP, { maxWork: 60 });
    expect(diagnosis).toMatchObject({ unexamined: 1, trace: { branches: [] }, verdict: { outcome: 'undetermined' } });
    expect(diagnosis.findings.map((f) => f.code)).toEqual(['NV-UNEXAMINED']);
  });

  it('that ends before the remedy is tried leaves it unproven', () => {
    const whole = ask(FWD_DROP);
    expect(whole.diagnosis.findings[0]?.remedy?.proven).toBe(true);
    const { diagnosis } = ask(FWD_DROP, { maxWork: whole.work - 100 });
    expect(diagnosis.verdict.outcome).toBe('unreachable');
    expect(diagnosis.findings[0]?.remedy?.proven).toBe(false);
  });

  it('ends chains that call one another without end, and rules that ask again and again', () => {
    const chains = Object.fromEntries(
      Array.from({ length: 25 }, (_, i) => [`C${i}`, rules(2, [], { kind: 'jump', chain: `C${i + 1}` })]),
    );
    for (const filter of [
      { FORWARD: rules(1, [], { kind: 'jump', chain: 'C0' }), ...chains, C25: [] },
      { FORWARD: rules(600, [unknown], { kind: 'mark', value: 1, mask: 1 }) },
    ]) {
      const { diagnosis, work } = ask({ filter }, { maxWork: 200_000, maxBranches: 8 });
      expect(diagnosis.verdict.outcome).toBe('undetermined');
      expect(diagnosis.unexamined).toBe(1);
      expect(work).toBeLessThan(200_100);
    }
  });
});

it('the same question gets the same answer', () => {
  const world = cluster({ edit: { [HOST1]: nft(SERVICE) } });
  expect(diagnose(world, flow(A1, SVC), NAMES)).toEqual(diagnose(world, flow(A1, SVC), NAMES));
});

describe('the summary', () => {
  const summaryOf = (from: Flow, edit: ClusterOptions['edit'] = {}) =>
    diagnose(cluster({ edit }), from, NAMES).diagnosis.verdict.summary;

  it('says where the packets leave, of which nothing more is seen', () => {
    expect(summaryOf(toOutside, { [HOST1]: MASQ })).toEqual({
      en: 'a gets out to b: the packets leave the cluster towards 203.0.113.10 with the source address 172.18.0.11; what lies beyond is not seen.',
      zh: 'a 发往 b 的数据包可以离开集群(目的地址 203.0.113.10,源地址 172.18.0.11);集群之外的情况无法看到。',
    });
  });

  it('says who answers, where it is not the one that was asked', () => {
    const edit = { [B1]: nft({ nat: { OUTPUT: [{ matches: [tcp], target: dnat('10.244.2.2', 80) }] } }) };
    expect(summaryOf(flow(B1, '10.244.1.2:80'), edit).en).toBe('a is answered when it connects to b, but by shop/a-2.');
    expect(summaryOf(flow(B1, '10.244.2.2:81'), edit).en).toBe('a reaches b, there and back.');
  });

  it('names what is not known in the language of the reader', () => {
    const { en, zh } = summaryOf(flow(A1, '10.244.2.2:80'), {
      [HOST1]: (s) => ({ ...MASQ(s), conntrackTable: known({ count: 9, max: 9 }) }),
    });
    expect(en).toContain('the connection tracking table is full (9 of 9)');
    expect(zh).toContain('连接跟踪表已满(9/9)');
    expect(zh).not.toMatch(/[a-z]{4}/);
  });
});
