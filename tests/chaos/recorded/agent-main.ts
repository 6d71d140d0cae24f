/** An agent as the services see it, a process with its node's key: it answers each collection with what was recorded of the node. */
import { COLLECTOR_AGENT } from '@netverdict/configuration';
import type { CollectTarget } from '@netverdict/contracts';
import type { NamespaceSnapshot } from '@netverdict/linux-net';
import { connectBus } from '@netverdict/messaging';
import { runService } from '@netverdict/telemetry';
import { nodeNow, RECORDED } from './world.ts';

const HEARTBEAT_MS = 2000;

const wanted = (targets: readonly CollectTarget[], { kind, pod, inode }: NamespaceSnapshot): boolean =>
  targets.some((target) => {
    if (target.kind === 'netns') return target.inode === inode;
    if (target.kind === 'host') return kind === 'host';
    return pod?.namespace === target.namespace && pod.name === target.name;
  });

await runService({ name: 'collector-agent', settings: COLLECTOR_AGENT }, async (telemetry, settings) => {
  const { cluster, node, natsUrl: url, nkeyFile: nkeySeedFile } = settings;
  const { log, stopping: signal } = telemetry;
  const user = { role: 'agent', cluster, node } as const;
  const bus = await connectBus({ url, user, log, signal, ...(nkeySeedFile === null ? {} : { nkeySeedFile }) });
  telemetry.onShutdown('bus', () => bus.close());
  telemetry.readyWhen('nats', bus.connected);
  const serving = bus.serve('collect', { cluster, node }, async ({ targets, knownDigests }, reply) => {
    const now = nodeNow(node);
    const namespaces = now.namespaces.filter((namespace) => wanted(targets, namespace));
    await reply({ kind: 'manifest', node: { ...now, namespaces } });
    const sent = new Set(knownDigests);
    for (const section of namespaces.flatMap(({ sections }) => sections)) {
      if ('missing' in section || sent.has(section.digest)) continue;
      sent.add(section.digest);
      const { kind: sectionKind, digest } = section;
      const text = RECORDED.sections[digest] ?? '';
      await reply({ kind: 'section', sectionKind, digest, part: 0, parts: 1, text });
    }
    await reply({ kind: 'end' });
  });
  telemetry.onShutdown('collect', () => serving.stop());
  const epoch = `${process.pid}-${Date.now()}`;
  let beats = 0;
  const beat = (): void => {
    const body = { node, epoch, version: 'recorded', kernel: 'recorded', lastSeq: 0, capabilities: ['collect'] };
    void bus.publishCore('agent-heartbeat', cluster, body, { id: `heartbeat/${++beats}`, node });
  };
  beat();
  const timer = setInterval(beat, HEARTBEAT_MS);
  telemetry.onShutdown('heartbeat', () => clearInterval(timer));
});
