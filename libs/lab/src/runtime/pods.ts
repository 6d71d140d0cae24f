/** Makes pods as kubelet does: a sandbox (which runs the CNI plugins), then a container in it, all by CRI. */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CriClient, PodSandboxConfig } from '@netverdict/cri';
import { type LabSpec, type NodePlan, netnsPath } from '../spec.ts';
import { type LabPod, nodeDirOf } from '../state.ts';
import { cgroupParent } from './containerd.ts';
import { ECHO_IMAGE } from './image.ts';

export interface PodPlan {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly hostNetwork: boolean;
  /** `tcp/8080`, `udp/5353`, … */
  readonly listen: readonly string[];
}

export async function runPod(cri: CriClient, spec: LabSpec, node: NodePlan, plan: PodPlan): Promise<LabPod> {
  const uid = randomUUID();
  const logDirectory = join(nodeDirOf(spec.name, node.name), 'logs', `${plan.namespace}_${plan.name}_${uid}`);
  mkdirSync(logDirectory, { recursive: true });
  const kubeletLabels = {
    'io.kubernetes.pod.name': plan.name,
    'io.kubernetes.pod.namespace': plan.namespace,
    'io.kubernetes.pod.uid': uid,
  };
  const config: PodSandboxConfig = {
    metadata: { name: plan.name, namespace: plan.namespace, uid, attempt: 0 },
    // A sandbox in the host's network shares its UTS namespace, so it has no hostname of its own.
    hostname: plan.hostNetwork ? '' : plan.name,
    logDirectory,
    labels: { ...plan.labels, ...kubeletLabels },
    hostNetwork: plan.hostNetwork,
    cgroupParent: cgroupParent(spec.name, node.name),
  };
  const sandboxId = await cri.runPodSandbox(config);
  const container = {
    name: 'echo',
    image: ECHO_IMAGE,
    args: ['listen', plan.name, ...plan.listen],
    labels: { ...kubeletLabels, 'io.kubernetes.container.name': 'echo' },
    logPath: 'echo.log',
    hostNetwork: plan.hostNetwork,
  };
  const containerId = await cri.createContainer(sandboxId, container, config);
  await cri.startContainer(containerId);
  const [sandbox, status] = await Promise.all([cri.podSandboxStatus(sandboxId), cri.containerStatus(containerId)]);
  return {
    namespace: plan.namespace,
    name: plan.name,
    uid,
    node: node.name,
    address: plan.hostNetwork ? node.address : (sandbox.ips[0] ?? ''),
    hostNetwork: plan.hostNetwork,
    netnsPath: plan.hostNetwork ? netnsPath(node.netns) : (sandbox.netnsPath ?? ''),
    sandboxId,
    containerId,
    containerPid: status.pid ?? 0,
    labels: plan.labels,
    startedAtMs: status.startedAtMs,
  };
}
