/**
 * topology: from names to a snapshot.
 *
 *   API server ──watch──▶ view ─┐
 *                               ▼
 *   diagnosis-requested ─▶ resolve ─▶ flow, intended path ─▶ collect ──request──▶ agents (one per node)
 *   collection-needed ───────────────────────────────────────▶  │                  │ sections
 *                                                               ▼                  ▼
 *   locate ─▶ resolve ─▶ the node and addresses of an end (captures, ping meshes)
 *   diagnosis-failed ◀─ unknown names                        path-built         object store
 *
 *   probe-needed ─▶ agents of the path follow, the source's sends ─▶ compare ─▶ verdict
 *   view ─▶ who has which address ─▶ address-map ─▶ eventproc
 */
import { TOPOLOGY, VERSION } from '@netverdict/configuration';
import { watchCluster } from '@netverdict/kube';
import { announceService, connectBus } from '@netverdict/messaging';
import { runService, serviceMetrics } from '@netverdict/telemetry';
import { consumeCollectionNeeded } from './consume/collection-needed.ts';
import { consumeDiagnosisRequested } from './consume/diagnosis-requested.ts';
import { serveLocate } from './consume/locate.ts';
import { consumeProbeNeeded } from './consume/probe-needed.ts';
import { busAgents } from './domain/collect/bus-agents.ts';
import { Collector } from './domain/collect/collector.ts';
import { addViewMetrics } from './metrics.ts';
import { publishAddressMap } from './publish/address-map.ts';

await runService({ name: 'topology', settings: TOPOLOGY }, async (telemetry, settings) => {
  const { log } = telemetry;
  const { natsUrl: url, nkeyFile: nkeySeedFile, cluster, kubeconfig, nodeDeadline: nodeDeadlineMs } = settings;
  const view = watchCluster(kubeconfig, telemetry.stopping);
  telemetry.onShutdown('informers', () => view.close());
  let listed = false;
  view.ready().then(
    () => {
      listed = true;
      log.info({ nodes: view.objects().nodes.size, pods: view.objects().pods.size }, 'the cluster is listed');
    },
    (err: unknown) => log.debug({ err }, 'the watch ended before the cluster was listed'),
  );
  telemetry.readyWhen('kubernetes', () => listed);

  const user = { role: 'topology', cluster } as const;
  const bus = await connectBus({
    url,
    user,
    log,
    streamReplicas: settings.streamReplicas,
    signal: telemetry.stopping,
    ...(nkeySeedFile === null ? {} : { nkeySeedFile }),
  });
  telemetry.onShutdown('bus', () => bus.close());
  telemetry.readyWhen('nats', bus.connected);

  const metrics = serviceMetrics('topology', bus.handled);
  addViewMetrics(metrics, cluster, view);
  telemetry.serveMetrics(metrics);

  const beats = announceService(bus, {
    ...{ service: 'topology', cluster, version: VERSION, dependencies: telemetry.dependencies, log },
  });
  telemetry.onShutdown('heartbeat', () => beats.stop());

  const heard = new Map<string, number>();
  bus.subscribeCore('agent-heartbeat', { cluster }, (body, { node }) => void heard.set(node ?? body.node, Date.now()));
  const collector = new Collector({
    agents: busAgents(bus, cluster),
    store: bus.sections(cluster),
    log,
    lastHeard: (node) => heard.get(node) ?? null,
  });

  const topology = { cluster, bus, view, viewReady: () => listed, collector, nodeDeadlineMs };
  const requested = consumeDiagnosisRequested(topology);
  const needed = consumeCollectionNeeded(topology);
  const probes = consumeProbeNeeded(topology);
  telemetry.onShutdown('consumers', async () => {
    await Promise.all([requested.stop(), needed.stop(), probes.stop()]);
  });
  const locating = serveLocate(topology);
  telemetry.onShutdown('locate', () => locating.stop());

  let maps = 0;
  const started = Date.now();
  const addresses = publishAddressMap({
    view,
    publish: (body) =>
      bus.publish('address-map', cluster, body, { id: `${cluster}/addresses/${process.pid}-${started}/${++maps}` }),
    log,
  });
  telemetry.onShutdown('address map', () => addresses.stop());
});
