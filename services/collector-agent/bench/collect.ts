/**
 * `node bench/collect.ts pair|legacy|nft [services]`: what collection costs in the agent. `pair`: a node's host and one
 * pod; the others: a node with many Services in that variant of iptables. One case per process, since it tells its peak
 * memory; prints one line of JSON (CollectFigures). Uses scratch namespaces only; needs root and the built helper.
 */
import { readFileSync } from 'node:fs';
import { startHelper } from '@netverdict/collect';
import { builtHelper } from '../src/configuration.ts';
import { collectorOf } from '../src/domain/collector.ts';
import { flannelNode } from '../src/testing/flannel-node.ts';
import { kubeProxyRules } from '../src/testing/kube-proxy-rules.ts';
import { podNamespace } from '../src/testing/pod.ts';
import { type Scratch, scratchNamespace } from '../src/testing/scratch.ts';

export interface CollectFigures {
  readonly firstMs: number;
  readonly medianMs: number;
  readonly worstMs: number;
  /** Of all sections together. */
  readonly kib: number;
  readonly agentPeakMib: number;
  readonly helperPeakMib: number;
  /** The largest of the tools that the helper ran. */
  readonly toolPeakMib: number;
  /** The same read by the usual commands. */
  readonly beside: { readonly command: string; readonly medianMs: number };
}

const BY_HAND = [
  ['ip', '-j', '-d', 'link'],
  ['ip', '-j', 'addr'],
  ['ip', '-j', 'route', 'show', 'table', 'all'],
  ['ip', '-j', 'rule'],
  ['ip', '-j', 'neigh'],
  ['bridge', '-j', 'fdb'],
  ['iptables-save'],
];

const [kind = 'pair', count = '10000'] = process.argv.slice(2);
const helper = startHelper(builtHelper, { info() {}, warn: (fields, message) => console.warn(message, fields) });

function peakMib(pid: number | 'self' | null): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid ?? 'self'}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0; // It has ended meanwhile.
  }
}

/** Looks at the helper's children as long as they run; each one's own peak grows to its end. */
function watchTools(): () => number {
  let most = 0;
  const timer = setInterval(() => {
    const pid = helper.pid();
    if (pid === null) return;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    for (const child of children) if (child !== '') most = Math.max(most, peakMib(Number(child)));
  }, 10);
  return () => {
    clearInterval(timer);
    return most;
  };
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

function timed(work: () => void, rounds: number): number {
  return median(
    Array.from({ length: rounds }, () => {
      const began = performance.now();
      work();
      return performance.now() - began;
    }),
  );
}

async function measure(
  host: Scratch,
  pod: Scratch | null,
  rounds: number,
  beside: CollectFigures['beside'],
): Promise<CollectFigures> {
  const collector = collectorOf({
    node: 'bench',
    hostNetns: host.path,
    helper,
    pods: {
      list: async () =>
        pod === null ? [] : [podNamespace({ namespace: 'bench', name: 'pod', path: pod.path, inode: 1 })],
    },
  });
  const stopWatching = watchTools();
  const times: number[] = [];
  let bytes = 0;
  for (let i = 0; i < rounds; i++) {
    const began = performance.now();
    const { texts, node } = await collector.collect({
      targets: [{ kind: 'host' }, ...(pod === null ? [] : [{ kind: 'pod' as const, namespace: 'bench', name: 'pod' }])],
      maxAgeMs: 0,
      knownDigests: [],
      flows: [{ protocol: 6, addresses: ['10.244.1.2', '10.244.2.2'], ports: [80] }],
      deadlineMs: 60_000,
    });
    times.push(performance.now() - began);
    bytes = texts.reduce((sum, t) => sum + t.text.length, 0);
    const missing = node.namespaces.flatMap((n) => n.sections.flatMap((s) => ('missing' in s ? [s] : [])));
    if (missing.length > 0) throw new Error(`not everything was read: ${JSON.stringify(missing)}`);
  }
  return {
    firstMs: times[0] ?? Number.NaN,
    medianMs: median(times),
    worstMs: Math.max(...times),
    kib: bytes / 1024,
    agentPeakMib: peakMib('self'),
    helperPeakMib: peakMib(helper.pid()),
    toolPeakMib: stopWatching(),
    beside,
  };
}

async function pair(): Promise<CollectFigures> {
  const lab = flannelNode();
  try {
    lab.node.run(['iptables-nft-restore'], kubeProxyRules(10));
    const byHand = (): void => {
      for (const scratch of [lab.node, lab.pod]) for (const argv of BY_HAND) scratch.run(argv);
    };
    const beside = {
      command: 'ip -j link, addr, route, rule, neigh, bridge fdb, iptables-save in both',
      medianMs: timed(byHand, 5),
    };
    return await measure(lab.node, lab.pod, 30, beside);
  } finally {
    lab.remove();
  }
}

async function services(variant: 'legacy' | 'nft'): Promise<CollectFigures> {
  const node = scratchNamespace(variant);
  try {
    node.run([`iptables-${variant}-restore`], kubeProxyRules(Number(count)));
    const command = `iptables-${variant}-save`;
    return await measure(node, null, 5, { command, medianMs: timed(() => void node.run([command]), 3) });
  } finally {
    node.remove();
  }
}

try {
  if (kind !== 'pair' && kind !== 'legacy' && kind !== 'nft') throw new Error(`${kind} is not pair, legacy or nft`);
  console.log(JSON.stringify(await (kind === 'pair' ? pair() : services(kind))));
} finally {
  await helper.close();
}
