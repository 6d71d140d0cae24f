import type { PathBuilt } from '@netverdict/contracts';
import type { Need } from '@netverdict/linux-net';
import type { Outcome } from '@netverdict/verdict';
import { describe, expect, it } from 'vitest';
import type { EvaluationResult } from './evaluation/protocol.ts';
import { acceptedAtMs, nextStep } from './next-step.ts';

const ACCEPTED = Date.parse('2026-01-01T00:00:00.000Z');
const ID = `dg_${ACCEPTED.toString(16)
  .padStart(12, '0')
  .replace(/^(.{8})/, '$1-')}-7000-8000-000000000000`;
const NOW = ACCEPTED + 500;
const iso = (ms: number): string => new Date(ms).toISOString();

interface Given {
  readonly readAt?: number;
  readonly round?: number;
  readonly recheck?: PathBuilt['recheck'];
  readonly deadlineAt?: number;
  readonly unavailable?: string;
}

function asked({
  readAt = ACCEPTED + 100,
  round = 0,
  recheck,
  deadlineAt = NOW + 30_000,
  unavailable,
}: Given): PathBuilt {
  const at = iso(readAt);
  const sections = [{ kind: 'iptables-save', digest: 'sha256:1', at, bytes: 1 } as const];
  return {
    diagnosisId: ID,
    attempt: 1,
    round,
    request: { source: { pod: 'a/b' }, destination: { ip: '10.0.0.1', port: 80 } },
    flow: {
      family: 'ipv4',
      protocol: 'tcp',
      source: { kind: 'namespace', namespace: 'node-1/host', address: null },
      destination: { address: '10.0.0.1', port: 80 },
      sourcePort: 50000,
      sizeBytes: 60,
      dontFragment: true,
    },
    names: { source: 'a/b', destination: '10.0.0.1' },
    intendedPath: { cni: null, hops: [] },
    snapshot: {
      cluster: 'c',
      at,
      map: {
        nodes: ['node-1', 'node-2', 'node-3'].map((name) => ({ name, addresses: [], podCidrs: [] })),
        pods: [],
        services: [],
        podCidrs: [],
        serviceCidrs: [],
      },
      nodes: [
        {
          node: 'node-1',
          at,
          clockOffsetMs: null,
          unavailable: null,
          namespaces: [{ key: 'node-1/host', node: 'node-1', kind: 'host', pod: null, inode: 1, sections }],
        },
        ...(unavailable ? [{ node: 'node-2', at, clockOffsetMs: null, unavailable, namespaces: [] }] : []),
      ],
    },
    snapshotDigest: 'sha256:0',
    timing: { resolveMs: 0, collectMs: 0, simulateMs: 0 },
    deadlineAt: iso(deadlineAt),
    ...(recheck ? { recheck } : {}),
  };
}

const result = (outcome: Outcome, needs: readonly Need[] = []): EvaluationResult => ({
  diagnosis: {
    context: { source: 'a/b', destination: '10.0.0.1' },
    verdict: { outcome, share: { reachable: 0, unreachable: 1, undetermined: 0 }, summary: { en: '', zh: '' } },
    findings: [],
    trace: { branches: [] },
    unexamined: 0,
  },
  needs,
  deciding: [{ namespace: 'node-1/host', kinds: ['iptables-save'] }],
  simulateMs: 1,
});

const need = (node: string): Need => ({ kind: 'node', node, why: 'the packet goes there' });
const BEFORE = ACCEPTED - 200;

describe('after an evaluation', () => {
  it.each([
    ['reachable: verdict', {}, result('reachable'), 'verdict reachable'],
    ['reachable on old state: verdict', { readAt: BEFORE }, result('reachable'), 'verdict reachable'],
    ['unreachable on state from after the question: verdict', {}, result('unreachable'), 'verdict unreachable'],
    ['unreachable on older state: read again', { readAt: BEFORE }, result('unreachable'), 'recheck node-1'],
    [
      'partly reachable on older state: read again',
      { readAt: BEFORE },
      result('partially-reachable'),
      'recheck node-1',
    ],
    ['undetermined: verdict', { readAt: BEFORE }, result('undetermined'), 'verdict undetermined'],
    [
      'read again and the same: verdict',
      { round: 1, recheck: { count: 1, changed: false } },
      result('unreachable'),
      'verdict unreachable',
    ],
    [
      'read again and changed: read once more',
      { round: 1, recheck: { count: 1, changed: true } },
      result('unreachable'),
      'recheck node-1',
    ],
    [
      'changed twice: undetermined',
      { round: 2, recheck: { count: 2, changed: true } },
      result('unreachable'),
      'verdict undetermined',
    ],
    [
      'changed, then reachable: verdict',
      { round: 1, recheck: { count: 1, changed: true } },
      result('reachable'),
      'verdict reachable',
    ],
    ['the packet left the snapshot: collect', {}, result('undetermined', [need('node-2')]), 'collect node-2'],
    [
      'a node that did not answer is not asked again',
      { unavailable: 'silent' },
      result('undetermined', [need('node-2')]),
      'verdict undetermined',
    ],
    [
      'a node that the cluster does not have is not asked',
      {},
      result('undetermined', [need('node-9')]),
      'verdict undetermined',
    ],
    [
      'what was asked for and not found is not asked again',
      {},
      result('undetermined', [need('node-1')]),
      'verdict undetermined',
    ],
    ['rounds used up: verdict', { round: 6 }, result('undetermined', [need('node-2')]), 'verdict undetermined'],
    [
      'no time for another round: verdict',
      { readAt: BEFORE, deadlineAt: NOW + 1000 },
      result('unreachable'),
      'verdict unreachable',
    ],
  ] as const)('%s', (_row, given, evaluated, expected) => {
    const step = nextStep(asked(given), evaluated, NOW);
    const said =
      step.kind === 'verdict'
        ? `verdict ${step.diagnosis.verdict.outcome}`
        : `${step.recheck ? 'recheck' : 'collect'} ${step.needs.map((n) => n.node).join(',')}`;
    expect(said).toBe(expected);
  });
  it('the id of a diagnosis tells when it was accepted', () => {
    expect(acceptedAtMs(ID)).toBe(ACCEPTED);
  });
});
