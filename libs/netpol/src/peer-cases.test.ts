/** The policy cases of other projects' suites, where they lie beside the project. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseIp } from '@netverdict/linux-net';
import { describe, expect, test } from 'vitest';
import type { Cluster } from './cluster.ts';
import {
  type End,
  endOf,
  endOfPod,
  evaluate,
  formatProblem,
  type KubernetesObject,
  type Protocol,
  readCluster,
} from './index.ts';

const FOLDER = join(import.meta.dirname, '../../../../shared/data/peer-cases');
const FILES = ['np-guard-connlist', 'np-guard-eval', 'cyclonus-matcher'];

interface PolicyCase {
  readonly case: string;
  readonly objects: readonly KubernetesObject[];
  readonly queries: readonly { src: string; dst: string; protocol: Protocol; port: number; expect: 'allow' | 'deny' }[];
}

function end(cluster: Cluster, text: string): End {
  const pod = cluster.pods.get(text);
  if (pod) return endOfPod(pod);
  const address = parseIp(text);
  if (!address.ok) throw new Error(`${text} is neither a pod of the case nor an address`);
  return endOf(cluster, address.value);
}

for (const file of FILES) {
  const path = join(FOLDER, `${file}.jsonl`);
  if (!existsSync(path)) {
    test.skip(`${file}: the folder shared/data/peer-cases is not beside the project`, () => {});
    continue;
  }
  describe(file, () => {
    for (const line of readFileSync(path, 'utf8').trim().split('\n')) {
      const { case: name, objects, queries } = JSON.parse(line) as PolicyCase;
      test(`${name}: ${queries.length} questions`, () => {
        const { cluster, problems } = readCluster(objects);
        expect(problems.map(formatProblem)).toEqual([]);
        const wrong = queries.filter(({ src, dst, protocol, port, expect: expected }) => {
          const flow = { source: end(cluster, src), destination: end(cluster, dst), protocol, port };
          return evaluate(cluster, flow).allowed !== (expected === 'allow');
        });
        expect(wrong).toEqual([]);
      });
    }
  });
}
