/** nft and the agent's helper in a namespace of their own: what a test loads, the kernel holds, and we read. For tests as root. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startHelper } from '@netverdict/collect';
import type { NetnsState, SectionKind } from '@netverdict/linux-net';
import { parseNetns } from '@netverdict/parsers';

const HELPER = join(import.meta.dirname, '../../../../services/collector-agent/native/build/netverdict-collect');

/** Why tests with a kernel cannot run here; null where they can. */
export const withoutKernel: string | null =
  process.getuid?.() === 0 ? (existsSync(HELPER) ? null : 'the helper is not built') : 'not root';

export function nftKernel(name: string) {
  const namespace = `${name}-${process.pid}`;
  execFileSync('ip', ['netns', 'add', namespace]);
  const helper = startHelper(HELPER, { info() {}, warn() {} });
  const run = (argv: readonly string[], input = ''): string =>
    execFileSync('ip', ['netns', 'exec', namespace, ...argv], {
      input,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  const read = async (kinds: readonly SectionKind[] | null = null): Promise<{ state: NetnsState; inode: number }> => {
    const path = `/run/netns/${namespace}`;
    const { inode, sections } = await helper.collect({
      path,
      kinds,
      flows: [],
      knownPaths: [path],
      timeLimitMs: 20_000,
    });
    const texts = sections.flatMap((section) =>
      'missing' in section
        ? []
        : [
            {
              ref: { kind: section.kind, digest: 'sha256:0' as const, at: '', bytes: section.text.length },
              text: section.text,
            },
          ],
    );
    return { state: parseNetns(texts), inode };
  };
  return {
    run,
    read,
    /** Instead of all that stood there. */
    load(text: string): void {
      run(['nft', 'flush', 'ruleset']);
      run(['nft', '-f', '-'], text);
    },
    async close(): Promise<void> {
      await helper.close();
      execFileSync('ip', ['netns', 'del', namespace]);
    },
  };
}
