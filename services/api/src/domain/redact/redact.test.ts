/** Who may see one namespace learns no name, address or rule of another; what the verdict says stands. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Bundle } from '@netverdict/bundle';
import { DiagnosisDocument, type DiagnosisRequest, REST_COMPONENTS } from '@netverdict/contracts';
import type { FullDiagnosisRow } from '@netverdict/store';
import { REDACTED } from '@netverdict/verdict';
import fc from 'fast-check';
import { Compile } from 'typebox/compile';
import { expect, test } from 'vitest';
import { document, type StoredResult } from '../document.ts';
import { viewOf } from '../view.ts';
import { redactEvent, redactIncident } from './monitoring.ts';
import { sightOf } from './sight.ts';
import { redactText } from './text.ts';

const fixture = new URL('../../../../../libs/bundle/fixtures/node-forward-drop/bundle.json', import.meta.url);
const recorded = readFileSync(fileURLToPath(fixture), 'utf8');

/** Words that only the other namespace has: its names, its addresses, its chains, its devices, its hardware addresses. */
const CANARIES = [
  'bank',
  'ledger',
  'falcon',
  '10.244.1.3',
  '10.244.2.3',
  '10.96.0.80',
  'CDGGSHYLG3RE2FKL',
  '2AZ33KU3V5PGPQZH',
  'veth1c370ffb',
  '1a:b7:5e:0e:f2:ae',
];

type Judged = Bundle & { readonly diagnosis: StoredResult['diagnosis'] };

/** The recorded verdict, as if the client were the shop's and who it asks the bank's. */
function verdictOf(names: { readonly source: string; readonly destination: string }): Judged {
  const renamed = recorded
    .replaceAll('kubernetes load balancer firewall', `${names.destination}/falcon guards the vault`)
    .replaceAll('default/client', `${names.source}/client`)
    .replaceAll('default/web', `${names.destination}/ledger`);
  const bundle = JSON.parse(renamed) as Judged;
  const namespaceOf = (name: string): string => (name.startsWith('client') ? names.source : names.destination);
  const { map } = bundle.snapshot;
  return {
    ...bundle,
    snapshot: {
      ...bundle.snapshot,
      map: {
        ...map,
        pods: map.pods.map((pod) => ({
          ...pod,
          namespace: namespaceOf(pod.name),
          name: pod.name.replace('web', 'ledger'),
        })),
        services: map.services.map((service) => ({
          ...service,
          namespace: names.destination,
          name: service.name.replace('web', 'ledger'),
        })),
      },
    },
  };
}

function rowOf(
  { flow, intendedPath, snapshot, snapshotDigest, diagnosis }: Judged,
  change: Partial<FullDiagnosisRow> = {},
): FullDiagnosisRow {
  const at = new Date('2026-11-23T02:08:15Z');
  const request: DiagnosisRequest = {
    source: { pod: 'shop/client' },
    destination: { service: 'bank/ledger', port: 80 },
    callbackUrl: 'https://hooks.example.org/falcon',
  };
  return {
    id: 'dg_00000000-0000-7000-8000-000000000000',
    cluster: 'default',
    status: 'completed',
    rank: 4,
    message: diagnosis.verdict.outcome,
    request,
    request_hash: '',
    token_id: 'tok_other',
    idempotency_key: null,
    source: 'shop/client',
    destination: 'bank/ledger',
    attempt: 1,
    accepted_at: at,
    updated_at: at,
    deadline_at: at,
    last_published_at: at,
    next_publish_at: at,
    finished_at: at,
    outcome: diagnosis.verdict.outcome,
    snapshot_digest: snapshotDigest,
    problem: null,
    timing: { resolveMs: 1, collectMs: 2, simulateMs: 3 },
    callback_url: null,
    traceparent: null,
    rerun_of: null,
    visible_namespaces: null,
    names_given: true,
    batch_id: null,
    schedule_id: null,
    deciding: null,
    result: {
      diagnosis,
      flow,
      intendedPath,
      snapshot,
      snapshotDigest,
      timing: { resolveMs: 1, collectMs: 2, simulateMs: 3 },
    },
    ...change,
  };
}

const foreign = rowOf(verdictOf({ source: 'shop', destination: 'bank' }));

test('the answer about another namespace’s Service names nothing of it, and says what it said', () => {
  const whole = document(foreign);
  for (const canary of CANARIES) expect(JSON.stringify(whole)).toContain(canary);
  const seen = viewOf(['shop'], 'tok_mine').document(foreign);
  for (const canary of CANARIES) expect(JSON.stringify(seen)).not.toContain(canary);
  expect(seen.verdict).toMatchObject({ outcome: 'partially-reachable', share: whole.verdict?.share });
  expect(seen.verdict?.summary.en).toBe(`1 of 3 new connections from shop/client to service ${REDACTED} fail.`);
  expect(seen.findings).toMatchObject([
    { code: 'NV-FILTER-DROP', hop: 'node-2/host', severity: 'blocking', branches: ['b2'] },
  ]);
  expect(seen.findings[0]?.evidence[0]?.text).toContain('-A FORWARD -d 10.244.2.0/24');
  expect(seen.trace?.branches.map(({ share, disposition }) => [share, disposition])).toEqual(
    whole.trace?.branches.map(({ share, disposition }) => [share, disposition]),
  );
  const hops = new Map(seen.trace?.branches[0]?.hops.map(({ place, redacted }) => [place, redacted]));
  expect(Object.fromEntries(hops)).toEqual({
    'node-1/pod/shop/client': 'parts',
    'node-1/host': 'parts',
    [REDACTED]: 'other-namespace',
  });
  expect(seen.visibleNamespaces).toEqual(['shop']);
});

test('within its own namespace a token sees all there is, also kube-proxy’s chains', () => {
  const row = rowOf(JSON.parse(recorded) as Judged, {
    request: { source: { pod: 'default/client' }, destination: { service: 'default/web', port: 80 } },
  });
  const seen = viewOf(['default'], 'tok_mine').document(row);
  const whole = document(row);
  expect(seen.verdict).toEqual(whole.verdict);
  expect(seen.findings).toEqual(whole.findings);
  for (const shown of ['KUBE-SVC-CDGGSHYLG3RE2FKL', 'KUBE-SEP-2AZ33KU3V5PGPQZH', '10.244.1.3:8080'])
    expect(JSON.stringify(seen.trace)).toContain(shown);
  expect(JSON.stringify(seen.trace)).not.toContain('other-namespace');
});

test('who asked is shown the names that it gave, and no address behind them', () => {
  const own = viewOf(['shop'], 'tok_other').document(foreign);
  expect(own.request).toEqual(foreign.request);
  expect(own.verdict?.summary.en).toContain('bank/ledger');
  for (const canary of CANARIES.filter((one) => !['bank', 'ledger', 'falcon'].includes(one)))
    expect(JSON.stringify(own)).not.toContain(canary);
  const again = viewOf(['shop'], 'tok_other').document({ ...foreign, names_given: false });
  for (const canary of CANARIES) expect(JSON.stringify(again)).not.toContain(canary);
});

test('a failed one suggests only what lies in sight', () => {
  const row = rowOf(verdictOf({ source: 'shop', destination: 'bank' }), {
    status: 'failed',
    message: 'There is no pod bank/ledgre',
    result: null,
    problem: {
      type: 'unknown-pod',
      title: 'There is no pod bank/ledgre',
      detail: 'The cluster has no pod named ledgre in namespace bank.',
      suggestions: ['bank/ledger-1', 'shop/client', 'service bank/ledger'],
    },
  });
  const seen = viewOf(['shop'], 'tok_mine').document(row);
  expect(seen.problem?.suggestions).toEqual(['shop/client']);
  expect(seen.problem?.title).toBe(`There is no pod ${REDACTED}`);
  for (const canary of CANARIES) expect(JSON.stringify(seen)).not.toContain(canary);
});

test('a redacted answer has the form that the contract says', () => {
  const context = Object.fromEntries(
    REST_COMPONENTS.map((component) => ['$id' in component ? component.$id : '', component]),
  );
  const local = JSON.parse(
    JSON.stringify({ context, schema: DiagnosisDocument }).replaceAll(/"\$ref":"(\w+)#"/g, '"$ref":"$1"'),
  ) as { context: object; schema: object };
  const check = Compile(local.context as never, local.schema as never);
  const seen = JSON.parse(JSON.stringify(viewOf(['shop'], 'tok_mine').document(foreign))) as unknown;
  expect([...check.Errors(seen)]).toEqual([]);
});

test('whatever lies in another namespace, only words that name nobody are left of it', () => {
  const label = fc.stringMatching(/^[a-z][a-z0-9]{3,9}x[0-9]{2}$/);
  fc.assert(
    fc.property(
      label,
      label,
      fc.ipV4(),
      fc.constantFrom(
        ...[
          '%s',
          '-A KUBE-SVC-%s -j KUBE-SEP-%s',
          'in by %s: tcp 10.1.1.1:80 → %s:80',
          '{"dst":"%s"}',
          'a/%s:80',
          '-m comment --comment "%s" -j DROP',
          '%s/pod/%s/%s',
        ],
      ),
      (name, other, address, form) => {
        const sight = sightOf(['shop'], {});
        for (const secret of [name, `${name}/${other}`, `${address.replace(/^(0|127)\./, '9.')}`]) {
          const left = redactText(form.replaceAll('%s', secret), sight);
          expect(left).not.toContain(name);
          expect(left).not.toContain(secret);
          expect(redactText(left, sight)).toBe(left);
        }
      },
    ),
  );
});

test('an incident and an event of the shop tell nothing of the bank', () => {
  const tuple = {
    family: 'ipv4',
    protocol: 6,
    source: '10.244.1.2',
    sourcePort: 40000,
    destination: '10.244.2.3',
    destinationPort: 80,
  } as const;
  const at = '2026-11-23T02:08:15Z';
  const found = {
    code: 'NV-NO-LISTENER',
    severity: 'blocking',
    hop: 'node-2/pod/bank/ledger-1',
    node: 'node-2',
    direction: 'forward',
    text: {
      en: 'The packets arrive at bank/ledger-1, but no process there listens on port 80/tcp.',
      zh: '数据包已到达 bank/ledger-1。',
    },
    evidence: 'tcp 10.244.2.3:81 listen',
    remedy: null,
  };
  const incident = redactIncident(
    {
      id: 'inc_1',
      cluster: 'default',
      kind: 'tcp-connect-fail',
      workload: 'deployment/shop/cart',
      peer: 'service/bank/ledger',
      peers: 1,
      direction: 'out',
      reason: 'ECONNREFUSED',
      function: 'tcp_reset',
      hook: null,
      probe: 'tcp-connect',
      severity: 'warning',
      state: 'open',
      stateSince: at,
      openedAt: at,
      resolvedAt: null,
      reopened: 0,
      count: 1,
      estimated: 0,
      events: 1,
      bytes: 0,
      firstSeen: at,
      lastSeen: at,
      nodes: ['node-1'],
      pods: ['shop/cart-1', 'bank/ledger-1'],
      samples: [{ at, tuple, bytes: 0, stack: ['tcp_reset'] }],
      diagnosisId: null,
      diagnosisState: 'explained',
      askedAt: at,
      cause: 'NV-NO-LISTENER | node-2/pod/bank/ledger-1 | tcp 10.244.2.3:81 listen',
      verdict: {
        sentence: found.text,
        question: { source: { pod: 'shop/cart-1' }, destination: { pod: 'bank/ledger-1', port: 80 } },
        packet: 'request',
        outcome: 'unreachable',
        reachableShare: 0,
        findings: [found],
        cause: 'NV-NO-LISTENER | node-2/pod/bank/ledger-1 | tcp 10.244.2.3:81 listen',
        answeredAt: at,
      },
    },
    ['shop'],
  );
  const event = redactEvent(
    {
      id: 'ev_1',
      cluster: 'default',
      node: 'node-1',
      netns: 1,
      pod: { namespace: 'shop', name: 'cart-1' },
      kind: 'dns-error',
      count: 1,
      windowStart: at,
      windowEnd: at,
      workload: 'deployment/shop/cart',
      peer: 'service/bank/ledger',
      peerAddress: '10.244.2.3',
      direction: 'out',
      source: '10.244.1.2',
      destination: '10.244.2.3',
      reason: 'NXDOMAIN',
      details: { name: 'ledger.bank.svc.cluster.local', code: 3 },
      samples: [{ at, tuple, bytes: 0 }],
    },
    ['shop'],
  );
  for (const answer of [incident, event].map((one) => JSON.stringify(one))) {
    for (const canary of CANARIES) expect(answer).not.toContain(canary);
    expect(answer).toContain('deployment/shop/cart');
    expect(answer).toContain('10.244.1.2');
  }
  expect(incident.verdict).toMatchObject({ outcome: 'unreachable', findings: [{ code: 'NV-NO-LISTENER' }] });
  expect(incident.reason).toBe('ECONNREFUSED');
});
