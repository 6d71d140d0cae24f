/**
 * Rules that people pasted, on a node between a sender and a receiver: packets aimed at them, judged by the kernel as those of random
 * worlds are. Dumps that the tools here do not take are in the parsers' tests.
 */
import { dumpsOf, readDump } from '@netverdict/parsers/real-dumps';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomFrom, seedOf } from '../generate/random.ts';
import { type Kernel, startKernel } from '../kernel/kernel.ts';
import { disagreementText } from '../report/text.ts';
import { judge } from '../run/judge.ts';
import { type DumpTool, dumpWorld } from './dump-world.ts';

const FLOWS = Number(process.env.NETVERDICT_DUMP_FLOWS ?? 8);
const SEED = Number(process.env.NETVERDICT_DUMP_SEED ?? 1);

function toolFor(file: string, text: string, at: number): DumpTool {
  if (file.startsWith('nft/')) return 'nft';
  const v6 = /^(?:\[[\d:]+\] *)?-A .*-[sd] [\da-f]*:[\da-f:]*/m.test(text);
  if (v6) return at % 2 === 0 ? 'ip6tablesLegacy' : 'ip6tablesNft';
  return at % 2 === 0 ? 'iptablesLegacy' : 'iptablesNft';
}

const dumps = [...dumpsOf('iptables-save'), ...dumpsOf('nft')].filter((dump) => dump.loads === 'loads');

let kernel: Kernel;
const sum = { flows: 0, undetermined: 0 };
beforeAll(async () => {
  kernel = await startKernel();
});
afterAll(async () => {
  await kernel?.close();
  if (dumps.length > 0)
    console.log(`${sum.flows} packets through the rules of ${dumps.length} dumps, ${sum.undetermined} undetermined`);
});

describe.skipIf(dumps.length === 0)('packets through pasted rules fare in the kernel as in the model', () => {
  it.each(dumps.map((dump, at) => [dump.file, dump, at] as const))('%s', async (file, dump, at) => {
    const text = readDump(dump);
    const world = dumpWorld(
      file,
      { lines: text.split('\n'), tool: toolFor(file, text, at) },
      FLOWS,
      randomFrom(seedOf(SEED, at)),
    );
    const { flows } = await judge(kernel, world, null);
    const wrong = flows.flatMap(({ flow, comparison }) =>
      comparison.kind === 'disagrees'
        ? [disagreementText({ world: file, flow: flow.id, differences: comparison.differences, shrunk: world })]
        : [],
    );
    sum.flows += flows.length;
    sum.undetermined += flows.filter(({ comparison }) => comparison.kind === 'undetermined').length;
    expect(flows.length).toBe(FLOWS);
    expect(wrong.join('\n')).toBe('');
  });
});
