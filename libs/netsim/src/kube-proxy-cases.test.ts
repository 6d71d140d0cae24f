/** kube-proxy's own packet-flow questions about dumps of its rules. They lie beside the repository (../shared/data). */
import { existsSync, readFileSync } from 'node:fs';
import type { SectionRef } from '@netverdict/linux-net';
import { parseNetns } from '@netverdict/parsers';
import { describe, expect, it } from 'vitest';
import { answerOf, nodeWith, type Question } from './testing/kube-proxy-flows.ts';
import type { World } from './world/world.ts';

interface Case {
  readonly case: string;
  readonly nodeIPs: readonly string[];
  readonly iptablesSave: string;
  readonly flows: readonly Question[];
}

const FILE = new URL('../../../../shared/data/peer-cases/kube-proxy-iptables.jsonl', import.meta.url);
const cases: readonly Case[] = existsSync(FILE)
  ? readFileSync(FILE, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Case)
  : [];

function nodeOf({ nodeIPs, iptablesSave }: Case): World {
  const ref: SectionRef = { kind: 'iptables-nft-save', digest: 'sha256:0', at: '', bytes: iptablesSave.length };
  const { iptablesNft } = parseNetns([{ ref, text: iptablesSave }]);
  return nodeWith(nodeIPs, { iptablesNft });
}

describe.skipIf(cases.length === 0)('kube-proxy’s packet flows', () => {
  const rows = cases.flatMap((c) => c.flows.map((q) => [`${c.case}: ${q.name}`, c, q] as const));
  it.each(rows)('%s', (_, c, q) => {
    expect(answerOf(nodeOf(c), q)).toEqual({ ...q.expected, dnatTo: [...q.expected.dnatTo].sort() });
  });
});
