/** `node measure.ts iptables|nftables SERVICES`: one ruleset in a process of its own, since it tells its memory. Prints JSON. */
import { type HelperSection, startHelper } from '@netverdict/collect';
import { type Flow, netnsKey } from '@netverdict/linux-net';
import { buildWorld, compileNamespace, evaluate, verdictOf, type World } from '@netverdict/netsim';
import { type NetnsSection, parseNetns } from '@netverdict/parsers';
import { builtHelper } from '../../services/collector-agent/src/configuration.ts';
import type { Scratch } from '../../services/collector-agent/src/testing/scratch.ts';
import { type BenchNode, benchNode, inodeOf } from './node.ts';
import { CLIENT, clusterIp, ENDPOINTS, type Mode, PORT, rulesOf } from './services.ts';

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
  readonly naiveTracedUs: number;
  readonly naiveVerdictUs: number;
  readonly kernelUs: number;
  readonly kernelWithoutRulesUs: number;
  /** Collected, parsed, compiled and evaluated once, as a user waits for it. */
  readonly endToEndMs: number;
  readonly rssMib: number;
  readonly bareRssMib: number;
}

const SENDS = 300;
/** A stride that has no factor in common with the numbers of Services. */
const STRIDE = 7919;

function timed<T>(work: () => T): { readonly ms: number; readonly value: T } {
  const began = performance.now();
  const value = work();
  return { ms: performance.now() - began, value };
}

/** Microseconds of one call, after `warmUp` of them, for at least `ms`. */
function each(call: (i: number) => void, warmUp: number, ms: number): number {
  for (let i = 0; i < warmUp; i++) call(i);
  const began = performance.now();
  let calls = 0;
  do call(warmUp + calls++);
  while (performance.now() - began < ms);
  return ((performance.now() - began) / calls) * 1000;
}

const rssMib = (): number => {
  globalThis.gc?.();
  return process.memoryUsage.rss() / 2 ** 20;
};

type Collected = readonly { readonly scratch: Scratch; readonly sections: readonly HelperSection[] }[];

function worldOf(collected: Collected): {
  readonly world: World;
  readonly parseMs: number;
  readonly compileMs: number;
} {
  const parsed = timed(() =>
    collected.map(({ scratch, sections }) => ({ scratch, state: parseNetns(sections.map(sectionOf)) })),
  );
  const compiled = timed(() =>
    buildWorld({
      namespaces: parsed.value.map(({ scratch, state }) => ({
        key: netnsKey('n', inodeOf(scratch)),
        node: 'n',
        kind: 'other',
        pod: null,
        inode: inodeOf(scratch),
        net: compileNamespace(state),
      })),
      nodes: [{ node: 'n', unavailable: null }],
      map: { nodes: [], pods: [], services: [], podCidrs: [], serviceCidrs: [] },
    }),
  );
  return { world: compiled.value, parseMs: parsed.ms, compileMs: compiled.ms };
}

const sectionOf = (section: HelperSection): NetnsSection =>
  'missing' in section
    ? section
    : { ref: { kind: section.kind, digest: section.kind, at: '', bytes: section.text.length }, text: section.text };

async function measure(bench: BenchNode, mode: Mode, services: number): Promise<RulesetFigures> {
  const bareRssMib = rssMib();
  const kernelWithoutRulesUs = bench.send(Array.from({ length: SENDS }, (_, i) => ENDPOINTS[i % 2] as string));
  bench.load(mode, rulesOf(mode, services));
  const address = (i: number): string => clusterIp(1 + ((i * STRIDE) % services));
  const kernelUs = bench.send(Array.from({ length: SENDS }, (_, i) => address(i)));
  const tool = timed(
    () => void bench.node.run(mode === 'iptables' ? ['iptables-legacy-save'] : ['nft', 'list', 'ruleset']),
  );

  const helper = startHelper(builtHelper, { info() {}, warn: (fields, message) => console.warn(message, fields) });
  const collect = async (): Promise<Collected> => {
    const collected: { scratch: Scratch; sections: readonly HelperSection[] }[] = [];
    for (const scratch of bench.all) {
      const knownPaths = bench.all.map((other) => other.path);
      const operation = { path: scratch.path, kinds: null, flows: [], knownPaths, timeLimitMs: 120_000 };
      collected.push({ scratch, sections: (await helper.collect(operation)).sections });
    }
    return collected;
  };
  try {
    const began = performance.now();
    let collected: Collected | null = await collect();
    const collectMs = performance.now() - began;
    const { world, parseMs, compileMs } = worldOf(collected);
    const asker = netnsKey('n', inodeOf(bench.client));
    const question = (i: number): Flow => ({
      family: 'ipv4',
      protocol: 'udp',
      source: { kind: 'namespace', namespace: asker, address: CLIENT },
      destination: { address: address(i), port: PORT },
      sourcePort: 20_000 + (i % 40_000),
      sizeBytes: 60,
      dontFragment: false,
    });
    const first = evaluate(world, question(0));
    const endToEndMs = performance.now() - began;
    if (first.shares.reachable !== 1 || first.branches.length !== ENDPOINTS.length)
      throw new Error(`a wrong answer in no time is no result: ${JSON.stringify(first.shares)}`);
    const textMib =
      collected.reduce(
        (sum, { sections }) => sum + sections.reduce((s, x) => s + ('text' in x ? x.text.length : 0), 0),
        0,
      ) /
      2 ** 20;
    const again = performance.now();
    collected = null;
    await collect();
    const collectAgainMs = performance.now() - again;
    // Warm: each Service was asked for once.
    const tracedUs = each((i) => void evaluate(world, question(i)), Math.max(2000, services), 1500);
    const verdictUs = each((i) => void verdictOf(world, question(i)), 2000, 1500);
    const memory = rssMib();
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
      naiveTracedUs: each((i) => void evaluate(world, question(i), naive), 20, 500),
      naiveVerdictUs: each((i) => void verdictOf(world, question(i), naive), 20, 500),
      kernelUs,
      kernelWithoutRulesUs,
      endToEndMs,
      rssMib: memory,
      bareRssMib,
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
