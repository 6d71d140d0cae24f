/** Two namespaces with a cable between them, and a sidecar that watches: what the probes' tests provoke anomalies in. */
import { statSync } from 'node:fs';
import type { Anomaly, FlowRecord, ProbeReport } from '@netverdict/contracts';
import { expect, vi } from 'vitest';
import { builtSidecar } from '../configuration.ts';
import { attributionOf } from '../domain/attribution.ts';
import { type KernelWatch, startKernelWatch } from '../watch/watch.ts';
import { type Interpreter, interpreterIn } from './interpreter.ts';
import { podNamespace } from './pod.ts';
import { type Scratch, scratchNamespace } from './scratch.ts';

export interface WatchedNamespace extends Scratch {
  readonly inode: number;
  readonly ipv4: string;
  readonly ipv6: string;
  /** Runs a Python program (src/testing/interpreter.ts) in the namespace. @returns what it printed */
  python(program: string): Promise<string>;
}

/** Fields that must be equal; `port` is either end's, `to` the destination's address. */
export type Match = Partial<Anomaly> & { readonly port?: number; readonly to?: string };

export interface WatchedPair {
  readonly a: WatchedNamespace;
  readonly b: WatchedNamespace;
  readonly watch: KernelWatch;
  /** All that was told of a namespace so far. */
  told(of: WatchedNamespace): Anomaly[];
  /** What matches, as soon as `count` of it has been told in all. @throws after a while, with what there is */
  until(of: WatchedNamespace, match: Match, count?: number): Promise<Anomaly[]>;
  probe(name: string): ProbeReport;
  close(): Promise<void>;
}

export const sumOf = (anomalies: readonly Anomaly[]): number => anomalies.reduce((sum, { count }) => sum + count, 0);

/** `10.77.0.1` and `.2`, `fd77::1` and `::2`, each with a default route to the other. */
export async function watchedPair(
  role: string,
  reportFlows: (flows: readonly FlowRecord[]) => void = () => undefined,
): Promise<WatchedPair> {
  const namespaces = [scratchNamespace(`${role}-a`), scratchNamespace(`${role}-b`)] as const;
  const interpreters: Interpreter[] = [];
  const [a, b] = namespaces.map((scratch, i): WatchedNamespace => {
    scratch.run(['sysctl', '-qw', 'net.ipv6.conf.default.accept_dad=0', 'net.ipv6.conf.all.accept_dad=0']);
    const python = interpreterIn(scratch.name);
    interpreters.push(python);
    return {
      ...scratch,
      inode: statSync(scratch.path).ino,
      ipv4: `10.77.0.${i + 1}`,
      ipv6: `fd77::${i + 1}`,
      python: (program) => python.run(program),
    };
  }) as [WatchedNamespace, WatchedNamespace];
  a.run(['ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', b.name]);
  for (const [own, other] of [
    [a, b],
    [b, a],
  ] as const) {
    own.run(['ip', 'addr', 'add', `${own.ipv4}/24`, 'dev', 'eth0']);
    own.run(['ip', '-6', 'addr', 'add', `${own.ipv6}/64`, 'dev', 'eth0', 'nodad']);
    own.run(['ip', 'link', 'set', 'eth0', 'up']);
    own.run(['ip', 'route', 'add', 'default', 'via', other.ipv4]);
  }
  // The kernel's worker makes a device's own routes of IPv6 a moment after it is up: what arrives before is dropped, and would be told.
  for (const { run } of [a, b])
    await vi.waitFor(() => expect(run(['ip', '-6', 'route', 'show', 'table', 'local'])).toMatch(/ff00::\/8 dev eth0/), {
      timeout: 10_000,
      interval: 20,
    });
  const all: Anomaly[] = [];
  const watch = startKernelWatch({
    sidecarPath: builtSidecar,
    attribution: attributionOf({
      pods: { list: async () => [podNamespace({ namespace: 'shop', name: 'b', path: b.path, inode: b.inode })] },
      cgroupRoot: '/sys/fs/cgroup',
    }),
    hostInode: async () => a.inode, // the machine's other traffic is not ours
    report: (anomalies) => void all.push(...anomalies),
    reportFlows,
    flowsEveryMs: 0,
    log: { info() {}, warn: (fields, message) => console.warn(message, fields) },
  });
  await watch.command('flush');
  const matching = (of: WatchedNamespace, { port, to, ...match }: Match): Anomaly[] =>
    all.filter(
      (anomaly) =>
        anomaly.netns === of.inode &&
        (to === undefined || anomaly.tuple?.destination === to) &&
        (port === undefined || anomaly.tuple?.sourcePort === port || anomaly.tuple?.destinationPort === port) &&
        (Object.entries(match) as [keyof Anomaly, unknown][]).every(([field, value]) => anomaly[field] === value),
    );
  return {
    a,
    b,
    watch,
    told: (of) => matching(of, {}),
    until: (of, match, count = 1) =>
      vi.waitFor(
        async () => {
          await watch.command('flush');
          const found = matching(of, match);
          if (sumOf(found) < count)
            throw new Error(
              `${sumOf(found)} of ${count}: ${JSON.stringify(match)} in ${JSON.stringify(matching(of, {}))}`,
            );
          return found;
        },
        { timeout: 20_000, interval: 50 },
      ),
    probe(name) {
      const report = watch.reports().find((probe) => probe.name === name);
      if (report === undefined) throw new Error(`no probe ${name}`);
      return report;
    },
    async close() {
      for (const interpreter of interpreters) interpreter.close();
      await watch.stop();
      a.remove();
      b.remove();
    },
  };
}
