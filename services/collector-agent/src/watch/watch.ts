/** The eBPF half of the agent: the sidecar's windows become anomalies with the pods' names. */
import type { Anomaly, AnomalyKind, FlowRecord, ProbeLedger, ProbeReport } from '@netverdict/contracts';
import type { Attribution } from '../domain/attribution.ts';
import { FlowSums } from './flows.ts';
import type { WatchFrame } from './frames.ts';
import { Histograms, type ToldHistogram } from './histograms.ts';
import { WatchLedger } from './ledger.ts';
import { PROBES, type Probe, type ProbeName } from './probes.ts';
import { type SidecarLog, startSidecar } from './sidecar.ts';
import { type Window, WindowGatherer } from './windows.ts';

export interface KernelWatch {
  /** One command of the sidecar's (native/watch/README.md). @throws with its reason */
  command(text: string): Promise<void>;
  reports(): readonly ProbeReport[];
  histograms(): readonly ToldHistogram[];
  ledger(): readonly ProbeLedger[];
  /** How often the sidecar was away and came back. */
  gaps(): number;
  /** Of the sidecar, or null: it does not run. */
  pid(): number | null;
  /** Why nothing is watched, or null. */
  away(): string | null;
  /** Kinds of anomalies that the counters need not tell, and since when a probe tells more of them. */
  covered(): ReadonlyMap<AnomalyKind, number>;
  /** Every frame of the sidecar's, as it comes. */
  listen(listener: (frame: WatchFrame) => void): void;
  /** Which of these namespaces are this node's. */
  ownNamespaces(met: Iterable<number>): Promise<(netns: number) => boolean>;
  stop(): Promise<void>;
}

const withFactor = (anomaly: Anomaly, oneIn: number): Anomaly =>
  oneIn > 1 && anomaly.kind !== 'watch-lost' ? { ...anomaly, oneIn } : anomaly;

const netnsIn = ({ aggregates, histograms }: Window): Set<number> =>
  new Set([...aggregates, ...histograms.map((key) => ({ key }))].map(({ key }) => key.netns));

export function startKernelWatch(options: {
  readonly sidecarPath: string;
  /** The kernel's BTF where it has none of its own; absent or null: it has. */
  readonly btfFile?: string | null;
  readonly attribution: Attribution;
  /** In a lab several nodes share a kernel: then only the node's own namespace and its pods' are told. null: all of the machine is the node's. */
  readonly hostInode: () => Promise<number | null>;
  readonly report: (anomalies: readonly Anomaly[]) => void;
  /** Who talked to whom; without it nobody asks. */
  readonly reportFlows?: (flows: readonly FlowRecord[]) => void;
  readonly flowsEveryMs?: number;
  readonly log: SidecarLog;
}): KernelWatch {
  const { sidecarPath, btfFile, attribution, hostInode, report, log } = options;
  const histograms = new Histograms();
  const ledger = new WatchLedger();
  const flows = new FlowSums(options.flowsEveryMs);
  let gatherer = new WindowGatherer();
  const listeners: ((frame: WatchFrame) => void)[] = [];
  let gaps = 0;
  /** Of so many events each probe looks at one. */
  const factors = new Map<string, number>();
  /** When each probe that is on was switched on. */
  const onSince = new Map<string, number>();
  /** Resolves when the last window's anomalies have been reported. */
  let told: Promise<void> = Promise.resolve();

  const sidecar = startSidecar({
    path: sidecarPath,
    parameters: btfFile == null ? [] : ['--btf', btfFile],
    log,
    onFrame(frame) {
      for (const listener of listeners) listener(frame);
      if (frame.type === 'hello') {
        gatherer = new WindowGatherer(); // addresses of functions and numbers begin anew
        onSince.clear();
        told = told.then(() => ledger.ended());
      }
      const from = gatherer;
      const window = from.take(frame);
      const sampled = new Map(window === null ? [] : factors);
      if (frame.type === 'status') {
        const on = from.on();
        for (const name of onSince.keys()) if (!on.includes(name)) onSince.delete(name);
        for (const name of on) if (!onSince.has(name)) onSince.set(name, Date.now());
      }
      if (window === null) return;
      // Without the runtime's answer the namespace's inode still tells whose it is.
      told = told
        .then(() => attribution.learn(netnsIn(window)))
        .catch((err: unknown) => log.info({ err }, 'whose namespaces the window tells of could not be asked'))
        .then(async () => {
          const own = await hostInode();
          const relevant = (netns: number): boolean =>
            own === null || netns === own || netns === 0 || attribution.known(netns);
          histograms.add(window.histograms.filter(({ netns }) => relevant(netns)));
          const anomalies = from
            .anomalies(window, attribution.ofSockets, relevant)
            .map((anomaly) => withFactor(anomaly, sampled.get(anomaly.probe ?? '') ?? 1));
          ledger.told(window, relevant);
          flows.add(window, relevant, attribution);
          const due = flows.take(window.endMs);
          if (due.length > 0) options.reportFlows?.(due);
          if (anomalies.length > 0) report(anomalies);
        })
        .catch((err: unknown) => {
          ledger.untold(window);
          log.warn({ err }, 'a window of the probes could not be told');
        });
    },
    onGap({ fromMs, toMs, reason }) {
      gaps++;
      report([
        {
          kind: 'watch-gap',
          netns: 0,
          pod: null,
          count: 1,
          windowStart: new Date(fromMs).toISOString(),
          windowEnd: new Date(toMs).toISOString(),
          reason,
        },
      ]);
    },
  });

  return {
    async command(text) {
      const [verb, probe = '', what, value] = text.split(' ');
      const factor = verb === 'reset' ? 1 : verb === 'set' && what === 'one-in' ? Math.max(1, Number(value)) : null;
      // A window has one factor only.
      if (factor !== null && factor !== (factors.get(probe) ?? 1)) await sidecar.command('flush');
      await sidecar.command(text);
      if (factor !== null) factors.set(probe, factor);
      await told; // after a flush, what it brought
    },
    reports: () => (sidecar.state().kind === 'running' ? gatherer.reports() : []),
    histograms: () => histograms.all(),
    gaps: () => gaps,
    ledger: () => ledger.probes(),
    pid() {
      const state = sidecar.state();
      return state.kind === 'running' ? state.pid : null;
    },
    away() {
      const state = sidecar.state();
      return state.kind === 'away' ? state.reason : null;
    },
    covered() {
      if (sidecar.state().kind === 'away') return new Map();
      return new Map(
        [...onSince].flatMap(([name, sinceMs]) => {
          const probe: Probe | undefined = PROBES[name as ProbeName];
          return (probe?.covers ?? []).map((kind) => [kind, sinceMs] as const);
        }),
      );
    },
    listen: (listener) => void listeners.push(listener),
    async ownNamespaces(met) {
      await attribution
        .learn(met)
        .catch((err: unknown) => log.info({ err }, 'whose namespaces are the node’s could not be asked'));
      const own = await hostInode();
      return (netns) => own === null || netns === own || attribution.known(netns);
    },
    stop: () => sidecar.close(),
  };
}
