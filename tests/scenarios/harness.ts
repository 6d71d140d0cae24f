/** Brings up one lab with Netverdict beside it, and compares what the API says of a row with what packets do. */
import type { KubeObject, Lab, ProbeResult } from '@netverdict/lab';
import type { DiagnosisDocument } from '@netverdict/sdk';
import { renderReport } from '@netverdict/verdict';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type LabInstance, startLabInstance } from '../testing/lab-instance.ts';
import { Baseline, commandsOf, execOn, run } from './remedies.ts';
import type { ByHand, Combination, Scenario } from './scenario.ts';
import { SCENARIOS } from './table.ts';

/** Connections of a partial row: with a share of 2/3 all or none of 24 succeeding has a chance below 1 in 10,000. */
const CONNECTIONS = 24;
/** A SYN is retransmitted after 1 s; a packet that is lost on purpose is not waited for longer. */
const TIMEOUT_MS = 700;
/** Once mended, the first packet may have to wait for a neighbour to be asked, or be sent again. */
const MENDED_TIMEOUT_MS = 2500;

export const ALL: readonly Combination[] = [
  { cni: 'flannel-vxlan', iptables: 'nft' },
  { cni: 'flannel-host-gw', iptables: 'legacy' },
  { cni: 'flannel-vxlan', iptables: 'legacy' },
  { cni: 'flannel-host-gw', iptables: 'nft' },
];

/**
 * In `make test` every row runs in two combinations that differ in both factors, alternating, so that each pair of
 * (row, CNI), (row, iptables) and (CNI, iptables) is met; rows of one CNI mode run with both iptables variants.
 */
export function rowsOf(combination: Combination): readonly Scenario[] {
  const index = ALL.findIndex((c) => c.cni === combination.cni && c.iptables === combination.iptables);
  return SCENARIOS.filter((row, i) => {
    if (row.only !== undefined) return row.only === combination.cni;
    return process.env.NETVERDICT_SCENARIOS === 'full' || (i % 2 === 0 ? index < 2 : index >= 2);
  });
}

export function describeScenarios(combination: Combination): void {
  const title = `${combination.cni}, iptables-${combination.iptables}`;
  describe(title, () => {
    let lab: Lab;
    let started: LabInstance;
    let baseline: Baseline;
    let undo: readonly ByHand[] = [];
    let objects: readonly KubeObject[] = [];
    let mended: readonly { on: string; line: string }[] = [];

    beforeAll(async () => {
      started = await startLabInstance(`sc${ALL.indexOf(combination)}`, 3, combination);
      ({ lab } = started);
      baseline = await Baseline.take(lab, started.dir);
    });
    afterAll(async () => {
      await started?.down();
    });
    afterEach(async () => {
      await lab.heal();
      for (const { on, argv } of undo) await execOn(lab, on, withAddresses(lab, argv));
      await lab.objects.delete(objects);
      await baseline.restore(mended);
    });

    it.each(rowsOf(combination).map((row) => [row.name, row] as const))('%s', async (_name, row) => {
      undo = row.undo ?? [];
      objects = row.objects ?? [];
      await lab.objects.apply(objects);
      mended = [];
      for (const fault of row.faults ?? []) await lab.fault(fault.name, fault.args);
      for (const { on, argv } of row.prepare ?? [])
        expect((await execOn(lab, on, withAddresses(lab, argv))).code, `${on}: ${argv.join(' ')}`).toBe(0);
      const { client } = started;
      const diagnose = (sizeBytes = row.sizeBytes): Promise<DiagnosisDocument> =>
        client.diagnose({
          source: row.source,
          destination: row.destination,
          protocol: row.protocol ?? 'tcp',
          maxAgeMs: 0,
          ...(sizeBytes === undefined ? {} : { sizeBytes }),
          ...(row.sourcePort === undefined ? {} : { sourcePort: row.sourcePort }),
        });
      // Topology hears of new objects a moment later.
      const beside = row.expect.beside ?? [];
      const document = await vi.waitFor(
        async () => {
          const told = await diagnose();
          if (objects.length > 0) expect(told.findings.map((f) => f.code)).toEqual(expect.arrayContaining([...beside]));
          return told;
        },
        { timeout: 10_000, interval: 200 },
      );
      const probe = await probeOf(lab, row);
      try {
        expectVerdict(document, row);
        expectAgreement(document, probe, row);
      } catch (error) {
        throw new Error(`${(error as Error).message}\n\n${explain(document, probe)}`, { cause: error });
      }
      mended = commandsOf(document) ?? [];
      if (mended.length === 0) return;
      for (const { on, line } of mended) await run(lab, on, line);
      const again = await probeOf(lab, afterwards(row), MENDED_TIMEOUT_MS);
      const after = await diagnose(row.mendedSizeBytes);
      try {
        expect(again.delivered / again.attempts.length, 'share that is answered after the remedies').toBe(1);
        expect(after.verdict?.outcome, 'after the remedies').toBe('reachable');
      } catch (error) {
        const lines = mended.map(({ on, line }) => `${on}: ${line}`).join('\n');
        throw new Error(`${(error as Error).message}\n\n${lines}\n\n${explain(after, again)}`, { cause: error });
      }
    });
  });
}

/** The probe counts payload: without the headers of IPv4 (20) and UDP (8). */
const afterwards = (row: Scenario): Scenario =>
  row.mendedSizeBytes === undefined ? row : { ...row, probe: { ...row.probe, sizeBytes: row.mendedSizeBytes - 28 } };

async function probeOf(lab: Lab, row: Scenario, timeoutMs = TIMEOUT_MS): Promise<ProbeResult> {
  const { from, to, sizeBytes, dontFragment } = row.probe;
  const partial = row.expect.outcome === 'partially-reachable';
  return lab.probe({
    from,
    to: { address: addressOf(lab, to), ...(to.port === undefined ? {} : { port: to.port }) },
    protocol: row.protocol ?? 'tcp',
    timeoutMs: partial ? 200 : timeoutMs,
    count: partial ? CONNECTIONS : row.expect.outcome === 'reachable' ? 6 : 1,
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(dontFragment === undefined ? {} : { dontFragment }),
    ...(row.sourcePort === undefined ? {} : { sourcePort: row.sourcePort }),
  });
}

const withAddresses = (lab: Lab, argv: readonly string[]): readonly string[] =>
  argv.map((word) => word.replaceAll(/\{([^{}/]+\/[^{}]+)\}/g, (_all, pod: string) => addressOf(lab, { pod })));

function addressOf(lab: Lab, to: Scenario['probe']['to']): string {
  if ('address' in to) return to.address;
  const address =
    'pod' in to
      ? lab.pods.find((pod) => `${pod.namespace}/${pod.name}` === to.pod)?.address
      : lab.nodes.find((node) => node.name === to.node)?.address;
  if (address === undefined) throw new Error(`the lab has no ${JSON.stringify(to)}`);
  return address;
}

/** The verdict and the deciding findings are the row's. */
function expectVerdict(document: DiagnosisDocument, row: Scenario): void {
  expect(document.status, JSON.stringify(document.problem)).toBe('completed');
  expect(document.verdict?.outcome).toBe(row.expect.outcome);
  const blocking = document.findings.filter((finding) => finding.severity === 'blocking');
  if (row.expect.outcome === 'reachable') expect(blocking.map((f) => f.code)).toEqual([]);
  if (row.expect.blocking) {
    expect(blocking.map((f) => f.code).sort()).toEqual(row.expect.blocking.map((f) => f.code).sort());
    for (const wanted of row.expect.blocking)
      expect(
        blocking.some(
          (f) =>
            f.code === wanted.code &&
            (wanted.hop === undefined || f.hop === wanted.hop) &&
            (wanted.direction === undefined || f.direction === wanted.direction),
        ),
        `${wanted.code} at ${wanted.hop ?? 'any place'}`,
      ).toBe(true);
    for (const finding of blocking) {
      expect(finding.evidence.length, `${finding.code} cites what decided`).toBeGreaterThan(0);
      expect(finding.remedy, `${finding.code} has a remedy`).not.toBeNull();
    }
  }
  if (row.expect.reachableShare !== undefined)
    expect(document.verdict?.share.reachable).toBeCloseTo(row.expect.reachableShare, 2);
  if (row.expect.dispositions)
    expect([...new Set(document.trace?.branches.map((b) => b.disposition))].sort()).toEqual(
      [...row.expect.dispositions].sort(),
    );
}

/** The kernel is the judge: real packets fare as the verdict says. */
function expectAgreement(document: DiagnosisDocument, probe: ProbeResult, row: Scenario): void {
  const delivered = probe.delivered / probe.attempts.length;
  switch (document.verdict?.outcome) {
    case 'reachable':
      expect(delivered, 'share of real packets that were answered').toBe(1);
      return;
    case 'unreachable':
      expect(delivered, 'share of real packets that were answered').toBe(0);
      expect(row.probe.fails ?? []).toContain(probe.outcome);
      return;
    case 'partially-reachable':
      expect(delivered).toBeGreaterThan(0);
      expect(delivered).toBeLessThan(1);
      return;
    default:
      throw new Error(`the verdict is ${document.verdict?.outcome}, which no packet can agree with`);
  }
}

function explain(document: DiagnosisDocument, probe: ProbeResult): string {
  const attempts = JSON.stringify(probe.attempts.slice(0, 3));
  if (!document.verdict || !document.trace) return `${JSON.stringify(document, null, 1)}\nprobe: ${attempts}`;
  const report = renderReport(
    { verdict: document.verdict, findings: document.findings, trace: document.trace },
    { lang: 'en', steps: true },
  );
  return `${report}\n\nprobe: ${attempts}`;
}
