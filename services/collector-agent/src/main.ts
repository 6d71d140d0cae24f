/**
 * collector-agent: one per node. Without capabilities itself; the native helper has them.
 *
 *   collect.<cluster>.<node> ──▶ consume/collect ──▶ domain/collector ──▶ helper (setns, netlink, save tools)
 *        ▲                            │                    ├──▶ pods (CRI)
 *        └──── manifest, parts, end ◀─┘                    └──▶ canonical text, digest
 *
 *   probe.<cluster>.<node> ──▶ consume/probe ──▶ probe/prober ──▶ native prober (setns, sockets)
 *   follow.<cluster>.<node> ──▶ consume/follow ──▶ probe/follower ──▶ eBPF sidecar (probe `follow`)
 *
 *   capture.<cluster>.<node> ──▶ consume/capture ──▶ capture/ (a helper each) ──▶ captures.<cluster>.<node>.… (object store)
 *
 *   helper counters ──▶ domain/anomalies ──┬▶ publish/spool ──▶ events.<cluster>.<node> (acked)
 *   configure.<cluster>.<node> ──▶ consume/agent-configuration ──▶ control/probe-control ──▶ eBPF sidecar
 *   eBPF sidecar ──▶ watch/windows ────────┘  publish/heartbeat ──▶ agents.<cluster>.<node>
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { startHelper } from '@netverdict/collect';
import { COLLECTOR_AGENT } from '@netverdict/configuration';
import type { Anomaly } from '@netverdict/contracts';
import { connectBus } from '@netverdict/messaging';
import { runService } from '@netverdict/telemetry';
import { startBudget } from './budget/budget.ts';
import { usageOf } from './budget/usage.ts';
import { capturesOf } from './capture/captures.ts';
import { configurationOf, NODE_NETNS } from './configuration.ts';
import { consumeConfiguration } from './consume/agent-configuration.ts';
import { answerCapture } from './consume/capture.ts';
import { answerCollect } from './consume/collect.ts';
import { answerFollow } from './consume/follow.ts';
import { answerMeasure } from './consume/measure.ts';
import { answerProbe } from './consume/probe.ts';
import { probeControl, withSettings } from './control/probe-control.ts';
import { watchAnomalies } from './domain/anomaly-watch.ts';
import { attributionOf } from './domain/attribution.ts';
import { collectorOf } from './domain/collector.ts';
import { podsOf } from './domain/pods.ts';
import { runtimeOf } from './domain/runtime.ts';
import { agentMetrics } from './metrics/agent-metrics.ts';
import { AnomalyTally } from './metrics/anomaly-tally.ts';
import { followerOf } from './probe/follower.ts';
import { measurerOf } from './probe/measurer.ts';
import { placesOf } from './probe/place.ts';
import { proberOf } from './probe/prober.ts';
import { beatOnChange } from './publish/beat-on-change.ts';
import { startHeartbeat } from './publish/heartbeat.ts';
import { startSpool } from './publish/spool.ts';
import { startKernelWatch } from './watch/watch.ts';

const service = { name: 'collector-agent', settings: COLLECTOR_AGENT, healthListen: '127.0.0.1:9477' };
await runService(service, async (telemetry, settings) => {
  const { log } = telemetry;
  const {
    cluster,
    node,
    natsUrl,
    nkeySeedFile,
    hostNetns,
    criEndpoint,
    helperPath,
    watchEveryMs,
    sidecarPath,
    btfFile,
    proberPath,
    cgroupRoot,
    limits,
    budget: budgetTimes,
    capturePath,
    spoolDisk,
  } = configurationOf(settings);
  const epoch = randomUUID();

  const helper = startHelper(helperPath, log);
  telemetry.onShutdown('helper', () => helper.close());
  const runtime = runtimeOf(criEndpoint);
  telemetry.onShutdown('runtime', () => runtime.close());
  const pods = podsOf(runtime.client, helper);
  const attribution = attributionOf({ pods, cgroupRoot });
  const collector = collectorOf({ node, hostNetns, helper, pods });

  const bus = await connectBus({
    url: natsUrl,
    ...(nkeySeedFile === null ? {} : { nkeySeedFile }),
    user: { role: 'agent', cluster, node },
    log,
    signal: telemetry.stopping,
  });
  telemetry.onShutdown('bus', () => bus.close());
  telemetry.readyWhen('nats', bus.connected);
  telemetry.readyWhen('helper', () => helper.pid() !== null);

  const serving = bus.serve('collect', { cluster, node }, (request, reply) => answerCollect(collector, request, reply));
  telemetry.onShutdown('collect', () => serving.stop());

  const prober = proberOf(proberPath);
  const places = placesOf({ node, hostNetns, pods, helper });
  const probing = bus.serve('probe', { cluster, node }, (request, reply) =>
    answerProbe({ places, prober, log }, request, reply),
  );
  telemetry.onShutdown('probe', () => {
    prober.stop();
    return probing.stop();
  });

  const captures = capturesOf({ node, hostNetns, helperPath: capturePath, pods, store: bus.captures(cluster), log });
  const capturing = bus.serve('capture', { cluster, node }, (request, reply) =>
    answerCapture(captures, request, reply),
  );
  telemetry.onShutdown('captures', async () => {
    await captures.close();
    await capturing.stop();
  });

  const spool = startSpool({
    node,
    epoch,
    publish: async (batch) => {
      await bus.publish('anomaly-batch', cluster, batch, { id: `${cluster}/${node}/${batch.epoch}/${batch.seq}` });
    },
    probes: () => kernel.ledger(),
    disk: spoolDisk,
    log,
  });
  telemetry.onShutdown('spool', () => spool.stop());
  const tally = new AnomalyTally();
  const report = (anomalies: readonly Anomaly[]): void => {
    tally.note(anomalies);
    spool.add(anomalies);
  };
  const kernel = startKernelWatch({
    sidecarPath,
    btfFile,
    attribution,
    hostInode: async () =>
      hostNetns === NODE_NETNS ? null : ((await helper.inodes([hostNetns])).get(hostNetns) ?? null),
    report,
    reportFlows: spool.addFlows,
    log,
  });
  telemetry.onShutdown('kernel watch', () => kernel.stop());
  const follower = followerOf(kernel, log);
  const following = bus.serve('follow', { cluster, node }, (request, reply) => answerFollow(follower, request, reply));
  telemetry.onShutdown('follow', () => following.stop());
  const control = probeControl({ command: kernel.command, log });
  telemetry.onShutdown('probe control', () => control.stop());
  const measurer = measurerOf(kernel, control.wanted, log);
  const measuring = bus.serve('measure', { cluster, node }, (request, reply) =>
    answerMeasure(measurer, request, reply),
  );
  telemetry.onShutdown('measure', () => measuring.stop());
  const { covered } = kernel;
  const watch = watchAnomalies({ helper, pods, hostNetns, everyMs: watchEveryMs, covered, report, log });
  telemetry.onShutdown('watch', () => watch.stop());
  const usage = usageOf(() => [helper.pid(), kernel.pid()]);
  telemetry.serveMetrics(agentMetrics({ helper, pods, hostNetns, attribution, kernel, spool, tally, usage, log }));
  const budget = startBudget({
    ...budgetTimes,
    limits,
    usage,
    probes: kernel.reports,
    restrain: control.restrain,
    report,
    log,
  });
  telemetry.onShutdown('budget', () => budget.stop());
  const heartbeat = startHeartbeat({
    node,
    epoch,
    lastSeq: spool.lastSeq,
    probes: () => kernel.reports().map((report) => withSettings(report, control.settings(report.name))),
    away: kernel.away,
    capabilities: () => [...(existsSync(capturePath) ? ['capture'] : []), ...(existsSync(proberPath) ? ['probe'] : [])],
    ledger: spool.ledger,
    configuration: control.report,
    budget: budget.report,
    spool: spool.report,
    send: (body, id) => bus.publishCore('agent-heartbeat', cluster, body, { id: `${cluster}/${node}/${epoch}/${id}` }),
    log,
  });
  telemetry.onShutdown('heartbeat', () => heartbeat.stop());
  const beating = beatOnChange(kernel, heartbeat.beat);
  telemetry.onShutdown('heartbeat on change', () => beating.stop());
  const configuring = consumeConfiguration(bus, { cluster, node }, control, heartbeat.beat, log);
  telemetry.onShutdown('configuration', () => configuring.stop());
  heartbeat.beat(); // the configuration is the answer to it
});
