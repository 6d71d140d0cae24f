/** All pairs of a cluster's pods under its policies, at the sizes of the largest clusters, beside asking pair by pair. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { endOfPod, evaluate, readCluster } from '@netverdict/netpol';
import { mib, ms, type Row } from '../row.ts';
import { generateCluster, type Size } from './generate.ts';
import type { PolicyFigures } from './measure.ts';

const SCRIPT = fileURLToPath(new URL('./measure.ts', import.meta.url));
const SIZES: readonly Size[] = [
  { pods: 10_000, namespaces: 2_500, policies: 7_500 },
  { pods: 100_000, namespaces: 25_000, policies: 75_000 },
  { pods: 10_000, namespaces: 1, policies: 10_000 },
];
/** Enough of them for a time of one; all would take hours. */
const SAMPLED_PAIRS = 20_000;

const many = (n: number): string => n.toLocaleString('en');

export async function policyRows(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of SIZES) {
    const argv = [SCRIPT, size.pods, size.namespaces, size.policies].map(String);
    const { stdout } = await promisify(execFile)(process.execPath, argv, { timeout: 300_000 });
    const { allPairsMs, readMs, peakMib, classes, counts } = JSON.parse(stdout) as PolicyFigures;
    const oneByOneMs = millisecondsOfAPair(size) * counts.pairs;
    rows.push({
      what: `${many(size.pods)} pods, ${many(size.namespaces)} namespaces, ${many(size.policies)} policies (${many(classes)} classes)`,
      value: `${ms(allPairsMs)} for ${many(counts.pairs)} pairs, peak ${mib(peakMib)}`,
      wanted: '< 5000 ms, < 1536 MiB',
      beside: `pair by pair about ${(oneByOneMs / 3_600_000).toFixed(1)} h for one port each; reading the manifests ${ms(readMs)}`,
    });
  }
  return rows;
}

function millisecondsOfAPair(size: Size): number {
  const { cluster } = readCluster(generateCluster(size));
  const pods = [...cluster.pods.values()];
  const began = performance.now();
  for (let i = 0; i < SAMPLED_PAIRS; i++) {
    const source = pods[(i * 7919) % pods.length];
    const destination = pods[(i * 104_729 + 1) % pods.length];
    if (!source || !destination) throw new Error('no pods');
    evaluate(cluster, { source: endOfPod(source), destination: endOfPod(destination), protocol: 'TCP', port: 80 });
  }
  return (performance.now() - began) / SAMPLED_PAIRS;
}
