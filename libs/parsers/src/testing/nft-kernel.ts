/** nft and the helper in a namespace of their own: what a test loads, the kernel holds, and we read. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { startHelper } from '@netverdict/collect';
import type { NftRuleset } from '@netverdict/linux-net';
import { parseNftables } from '../nft/nftables.ts';

const HELPER = join(import.meta.dirname, '../../../../services/collector-agent/native/build/netverdict-collect');

export function nftKernel(name: string) {
  const namespace = `${name}-${process.pid}`;
  execFileSync('ip', ['netns', 'add', namespace]);
  const helper = startHelper(HELPER, { info() {}, warn() {} });
  const nft = (argv: readonly string[], input = ''): string =>
    execFileSync('ip', ['netns', 'exec', namespace, 'nft', ...argv], {
      input,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  const read = async (): Promise<NftRuleset> => {
    const { sections } = await helper.collect({
      path: `/run/netns/${namespace}`,
      kinds: ['nftables'],
      flows: [],
      knownPaths: [],
      timeLimitMs: 20_000,
    });
    const [section] = sections;
    if (section === undefined || 'missing' in section) throw new Error(JSON.stringify(section));
    const parsed = parseNftables(section.text);
    if (!parsed.ok) throw new Error(`line ${parsed.error.line}: ${parsed.error.message}: ${parsed.error.text}`);
    return parsed.value;
  };
  return {
    nft,
    read,
    /** Instead of all that stood there. */
    load(text: string): void {
      nft(['flush', 'ruleset']);
      nft(['-f', '-'], text);
    },
    async close(): Promise<void> {
      await helper.close();
      execFileSync('ip', ['netns', 'del', namespace]);
    },
  };
}
