/** Brings a lab up. Whatever can go side by side does; the slow part is containerd and runc. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CriClient } from '@netverdict/cri';
import { apiClient, spawnApiServer } from './api-server/index.ts';
import { clusterObjects } from './cluster/objects.ts';
import { planPods } from './cluster/pods.ts';
import { inNetns } from './command.ts';
import { buildNative, nativeProgram } from './native.ts';
import { linkAlternatives } from './network/alternatives.ts';
import { createFabric, createNamespaces } from './network/fabric.ts';
import { loadFlannelRules, programFlannel } from './network/flannel.ts';
import { loadKubeProxyRules } from './network/kube-proxy-sync.ts';
import { configureNode } from './network/node.ts';
import { preflight } from './preflight.ts';
import { removeEverything } from './remove.ts';
import { startContainerd } from './runtime/containerd.ts';
import { imageArchive } from './runtime/image.ts';
import { runPod } from './runtime/pods.ts';
import { externalNetns, type LabSpec, netnsPath, planNodes } from './spec.ts';
import { createStateDir, type LabPod, type LabState, stateDirOf, writeState } from './state.ts';

export async function createLabState(spec: LabSpec, onProgress: (line: string) => void): Promise<LabState> {
  const { cniDir } = await preflight();
  createStateDir(spec.name);
  try {
    return await build(spec, cniDir, onProgress);
  } catch (error) {
    await removeEverything(spec.name);
    throw error;
  }
}

async function build(spec: LabSpec, cniDir: string, onProgress: (line: string) => void): Promise<LabState> {
  const dir = stateDirOf(spec.name);
  const nodes = planNodes(spec);
  const draft: LabState = {
    version: 1,
    spec,
    phase: 'creating',
    createdAt: new Date().toISOString(),
    pods: [],
    apiServer: null,
  };
  writeState(draft);

  onProgress(`${nodes.length} nodes, ${spec.cni}, iptables-${spec.iptables}: namespaces and underlay`);
  await Promise.all([buildNative(), createNamespaces(spec, nodes)]);
  linkAlternatives(spec.name, spec.iptables);
  const archive = join(dir, 'image.tar');
  writeFileSync(archive, imageArchive(nativeProgram('echo')));
  await createFabric(spec, nodes);
  await Promise.all(nodes.map((node) => configureNode(node)));
  listenOutside(spec);

  onProgress('containerd on every node, API server');
  const apiServer = spawnApiServer({ stateDir: dir, name: spec.name });
  // Awaited below; until then its failure must not go unhandled.
  apiServer.catch(() => {});
  const runtimes: CriClient[] = await allOrNone(nodes.map((node) => startContainerd(spec, node, { archive, cniDir })));
  try {
    onProgress('pods');
    const plans = planPods(nodes);
    const pods = (
      await allOrNone(
        nodes.map(async (node, at) => {
          const cri = runtimes[at];
          const made: LabPod[] = [];
          if (cri === undefined) throw new Error('no runtime for the node');
          // One after the other, so that host-local gives the same addresses each time.
          for (const plan of plans) if (plan.node === node.name) made.push(await runPod(cri, spec, node, plan));
          return made;
        }),
      )
    ).flat();

    onProgress('flannel, kube-proxy rules, objects');
    const objects = clusterObjects(spec, nodes, pods);
    await Promise.all(
      nodes.map(async (node) => {
        await programFlannel(spec, node, nodes);
        await loadKubeProxyRules(spec, node, objects);
        await loadFlannelRules(spec, node);
      }),
    );
    const info = await apiServer;
    await apiClient(info).apply(objects);
    const { url, token, ca, kubeconfig } = info;
    const state: LabState = { ...draft, phase: 'ready', pods, apiServer: { url, token, ca, kubeconfig } };
    writeState(state);
    return state;
  } finally {
    for (const cri of runtimes) cri.close();
  }
}

/** Waits for all before it fails, so that nothing is still being made while the lab is taken away. */
async function allOrNone<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

/** The host beyond the gateway answers as pods do. */
function listenOutside(spec: LabSpec): void {
  const listen = [nativeProgram('echo'), 'listen', 'external', 'tcp/80', 'tcp/8080', 'udp/53', 'udp/5353'];
  const [file = '', ...args] = inNetns(netnsPath(externalNetns(spec.name)), listen);
  const child = spawn(file, args, { detached: true, stdio: 'ignore', cwd: '/' });
  child.on('error', () => {});
  child.unref();
}
