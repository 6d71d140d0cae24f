/** kube-proxy's packet-flow questions about its nftables mode: its script is loaded into a kernel and read back as the agent reads. */
import { existsSync, readFileSync } from 'node:fs';
import type { NetnsState } from '@netverdict/linux-net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerOf, nodeWith, type Question } from '../testing/kube-proxy-flows.ts';
import { nftKernel, withoutKernel } from '../testing/nft-kernel.ts';

interface Case {
  readonly case: string;
  readonly nodeIPs: readonly string[];
  readonly nftScript: string;
  readonly flows: readonly Question[];
}

const FILE = new URL('../../../../../shared/data/peer-cases/kube-proxy-nftables.jsonl', import.meta.url);
const cases: readonly Case[] = existsSync(FILE)
  ? readFileSync(FILE, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Case)
  : [];
const missing = withoutKernel ?? (cases.length === 0 ? 'shared/data/peer-cases is not there' : null);
if (missing !== null) console.log(`kube-proxy's nftables cases are skipped: ${missing}`);

describe.skipIf(missing !== null).each(cases)('$case', (c) => {
  let kernel: ReturnType<typeof nftKernel>;
  let nftables: NetnsState['nftables'];
  beforeAll(async () => {
    kernel = nftKernel('nfs-kube-proxy');
    kernel.load(c.nftScript);
    ({ nftables } = (await kernel.read(['nftables'])).state);
  });
  afterAll(() => kernel.close());

  it.each(c.flows)('$name', (q) => {
    expect(nftables).toMatchObject({ known: true });
    expect(answerOf(nodeWith(c.nodeIPs, { nftables }), q)).toEqual({
      ...q.expected,
      dnatTo: [...q.expected.dnatTo].sort(),
    });
  });
});
