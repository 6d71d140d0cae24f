/** Tests as rows that read as sentences: a flow in a cluster with one thing changed, and what must become of it. */
import type { Flow } from '@netverdict/linux-net';
import type { Disposition, FindingCode, Outcome } from '@netverdict/verdict';
import { describe, expect, it } from 'vitest';
import { diagnose } from '../diagnose.ts';
import { type ClusterOptions, cluster } from './cluster.ts';
import { traceText } from './flows.ts';

export const NAMES = { source: 'a', destination: 'b' };

export interface Row {
  readonly name: string;
  readonly flow: Flow;
  readonly with?: ClusterOptions;
  readonly outcome: Outcome;
  readonly disposition?: Disposition;
  readonly findings?: readonly FindingCode[];
  /** The remedy of the first finding. */
  readonly remedy?: string | null;
  readonly proven?: boolean;
}

export function rows(title: string, list: readonly Row[]): void {
  describe(title, () => {
    it.each(list.map((row) => [row.name, row] as const))('%s', (_name, row) => {
      const { diagnosis } = diagnose(cluster(row.with), row.flow, NAMES);
      const text = traceText(diagnosis.trace);
      expect(diagnosis.verdict.outcome, text).toBe(row.outcome);
      if (row.findings || row.outcome === 'reachable')
        expect(diagnosis.findings.map((f) => f.code).sort(), text).toEqual([...(row.findings ?? [])].sort());
      if (row.disposition)
        expect(
          diagnosis.trace.branches.map((b) => b.disposition),
          text,
        ).toContain(row.disposition);
      if (row.remedy !== undefined) expect(diagnosis.findings[0]?.remedy?.command ?? null).toBe(row.remedy);
      if (row.proven !== undefined) expect(diagnosis.findings[0]?.remedy?.proven).toBe(row.proven);
    });
  });
}
