/** `node measure.ts iptables|nftables SERVICES`: one ruleset in a process of its own, since it tells its memory. Prints JSON. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type HelperSection, startHelper } from '@netverdict/collect';
import type { Flow } from '@netverdict/linux-net';
import { evaluate, verdictOf } from '@netverdict/netsim';
import { builtHelper } from '../../services/collector-agent/src/configuration.ts';
import { type BenchNode, benchNode, inodeOf } from './node.ts';
import { ENDPOINTS, type Mode, PORT, rulesOf } from './services.ts';
import { addressOf, type Collected, question, timed, worldOf } from './world.ts';

export interface RulesetFigures {
  readonly collectMs: number;
  readonly collectAgainMs: number;
  /** iptables-save, nft list ruleset. */
  readonly toolMs: number;
  readonly textMib: number;
  readonly parseMs: number;
  readonly compileMs: number;
  readonly tracedUs: number;
  readonly verdictUs: number;
  /** The same of a flow to one endpoint's own address: one branch. */
  readonly directTracedUs: number;
  readonly directVerdictUs: number;
  readonly naiveTracedUs: number;
  readonly naiveVerdictUs: number;
  readonly kernelUs: number;
  readonly kernelWithoutRulesUs: number;
  /** Collected, parsed, compiled and evaluated once, as a user waits for it. */
  readonly endToEndMs: number;
  readonly rssMib: number;
  readonly bareRssMib: number;
}

const HOLD = fileURLToPath(new URL('./hold.ts', import.meta.url));
const SENDS = 300;

/** Microseconds of one call, after `warmUp` of them, for at least `ms`. */
function each(call: (i: number) => void, warmUp: number, ms: number): number {
  for (let i = 0; i < warmUp; i++) call(i);
  const began = performance.now();
  let calls = 0;
  do call(warmUp + calls++);
  while (performance.now() - began < ms);
  return ((performance.now() - began) / calls) * 1000;
}

/** Memory of a process that holds the rules as a simulator does: it gets the text, and collects nothing itself. */
function held(collected: Collected, client: number, services: number): { readonly rss: number; readonly bare: number } {
  const argv = ['--expose-gc', HOLD, String(client), String(services)];
  const input = JSON.stringify(collected);
  return JSON.parse(execFileSync(process.execPath, argv, { input, encoding: 'utf8' }));
}

async function measure(bench: BenchNode, mode: Mode, services: number): Promise<RulesetFigures> {
  const kernelWithoutRulesUs = bench.send(Array.from({ length: SENDS }, (_, i) => ENDPOINTS[i % 2] as string));
  bench.load(mode, rulesOf(mode, services));
  const kernelUs = bench.send(Array.from({ length: SENDS }, (_, i) => addressOf(i, services)));
  const tool = timed(
    () => void bench.node.run(mode === 'iptables' ? ['iptables-legacy-save'] : ['nft', 'list', 'ruleset']),
  );

  const helper = startHelper(builtHelper, { info() {}, warn: (fields, message) => console.warn(message, fields) });
  const collect = async (): Promise<Collected> => {
    const collected: { inode: number; sections: readonly HelperSection[] }[] = [];
    for (const scratch of bench.all) {
      const knownPaths = bench.all.map((other) => other.path);
      const operation = { path: scratch.path, kinds: null, flows: [], knownPaths, timeLimitMs: 120_000 };
      collected.push({ inode: inodeOf(scratch), sections: (await helper.collect(operation)).sections });
    }
    return collected;
  };
  try {
    const began = performance.now();
    const collected = await collect();
    const collectMs = performance.now() - began;
    const { world, parseMs, compileMs } = worldOf(collected);
    const client = inodeOf(bench.client);
    const ask = (i: number): Flow => question(client, i, services);
    const first = evaluate(world, ask(0));
    const endToEndMs = performance.now() - began;
    if (first.shares.reachable !== 1 || first.branches.length !== ENDPOINTS.length)
      throw new Error(`a wrong answer in no time is no result: ${JSON.stringify(first.shares)}`);
    const textMib =
      collected.reduce(
        (sum, { sections }) => sum + sections.reduce((s, x) => s + ('text' in x ? x.text.length : 0), 0),
        0,
      ) /
      2 ** 20;
    const { rss, bare } = held(collected, client, services);
    const again = performance.now();
    await collect();
    const collectAgainMs = performance.now() - again;
    // Warm: each Service was asked for once.
    const tracedUs = each((i) => void evaluate(world, ask(i)), Math.max(2000, services), 1500);
    const verdictUs = each((i) => void verdictOf(world, ask(i)), 2000, 1500);
    const direct = (i: number): Flow => ({
      ...ask(i),
      destination: { address: ENDPOINTS[i % ENDPOINTS.length] as string, port: PORT },
    });
    const directTracedUs = each((i) => void evaluate(world, direct(i)), 2000, 1500);
    const directVerdictUs = each((i) => void verdictOf(world, direct(i)), 2000, 1500);
    const naive = { indexes: false } as const;
    return {
      collectMs,
      collectAgainMs,
      toolMs: tool.ms,
      textMib,
      parseMs,
      compileMs,
      tracedUs,
      verdictUs,
      directTracedUs,
      directVerdictUs,
      naiveTracedUs: each((i) => void evaluate(world, ask(i), naive), 20, 500),
      naiveVerdictUs: each((i) => void verdictOf(world, ask(i), naive), 20, 500),
      kernelUs,
      kernelWithoutRulesUs,
      endToEndMs,
      rssMib: rss,
      bareRssMib: bare,
    };
  } finally {
    await helper.close();
  }
}

const [mode = 'iptables', services = '1000'] = process.argv.slice(2);
if (mode !== 'iptables' && mode !== 'nftables') throw new Error(`${mode} is not iptables or nftables`);
const bench = await benchNode();
try {
  console.log(JSON.stringify(await measure(bench, mode, Number(services))));
} finally {
  bench.remove();
}
