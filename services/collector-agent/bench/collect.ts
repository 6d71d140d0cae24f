/**
 * `node bench/collect.ts [services]`: what collection costs. Host and one pod alone, then a node with many Services in
 * iptables-legacy and in iptables-nft. Uses scratch namespaces only; needs root and the built helper.
 */
import { readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { builtHelper } from '../src/configuration.ts';
import { collectorOf } from '../src/domain/collector.ts';
import { startHelper } from '../src/helper/helper.ts';
import { flannelNode } from '../src/testing/flannel-node.ts';
import { kubeProxyRules } from '../src/testing/kube-proxy-rules.ts';
import { type Scratch, scratchNamespace } from '../src/testing/scratch.ts';

const services = Number(process.argv[2] ?? 10_000);
const helper = startHelper(builtHelper, { info() {}, warn: (fields, message) => console.warn(message, fields) });
const peak = (pid: number | 'self' | null): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid ?? 'self'}/status`, 'utf8'))?.[1] ?? 0) / 1024;

async function measure(what: string, host: Scratch, pod: Scratch | null, rounds: number): Promise<void> {
  const collector = collectorOf({
    node: 'bench',
    hostNetns: host.path,
    helper,
    pods: {
      list: async () => (pod === null ? [] : [{ namespace: 'bench', name: 'pod', path: pod.path, inode: 1 }]),
    },
  });
  const times: number[] = [];
  let bytes = 0;
  for (let i = 0; i < rounds; i++) {
    const began = performance.now();
    const { texts, node } = await collector.collect({
      targets: [{ kind: 'host' }, ...(pod === null ? [] : [{ kind: 'pod' as const, namespace: 'bench', name: 'pod' }])],
      maxAgeMs: 0,
      knownDigests: [],
      flows: [{ protocol: 6, addresses: ['10.244.1.2', '10.244.2.2'], ports: [80] }],
      deadlineMs: 30_000,
    });
    times.push(performance.now() - began);
    bytes = texts.reduce((sum, t) => sum + t.text.length, 0);
    const missing = node.namespaces.flatMap((n) => n.sections.flatMap((s) => ('missing' in s ? [s] : [])));
    if (missing.length > 0) console.warn(missing);
  }
  const sorted = [...times].sort((a, b) => a - b);
  const ms = (n: number | undefined): string => `${(n ?? 0).toFixed(1)} ms`;
  console.log(
    `${what}: first ${ms(times[0])}, median ${ms(sorted[Math.floor(sorted.length / 2)])}, worst ${ms(sorted.at(-1))}; ` +
      `${(bytes / 1024).toFixed(0)} KiB; peak agent ${peak('self').toFixed(0)} MiB, helper ${peak(helper.pid()).toFixed(0)} MiB`,
  );
}

console.log(`${cpus().length} × ${cpus()[0]?.model}, Linux ${release()}, ${services} Services`);
const lab = flannelNode();
const legacy = scratchNamespace('legacy');
const nft = scratchNamespace('nft');
try {
  lab.node.run(['iptables-nft-restore'], kubeProxyRules(10));
  await measure('host and one pod, each time anew', lab.node, lab.pod, 30);
  legacy.run(['iptables-legacy-restore'], kubeProxyRules(services));
  await measure('iptables-legacy', legacy, null, 5);
  nft.run(['iptables-nft-restore'], kubeProxyRules(services));
  const began = performance.now();
  nft.run(['iptables-nft-save']);
  console.log(`compared with iptables-nft-save alone: ${(performance.now() - began).toFixed(0)} ms`);
  await measure('iptables-nft', nft, null, 5);
  nft.run(['iptables-nft', '-A', 'INPUT', '-j', 'ACCEPT']);
  await measure('iptables-nft after a change', nft, null, 1);
} finally {
  await helper.close();
  for (const scratch of [lab, legacy, nft]) scratch.remove();
}
