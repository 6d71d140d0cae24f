/** A lab as its users see it: nodes, faults, probes, commands in its namespaces. Any process can open one that is up. */
import { type ApiClient, apiClient } from './api-server/index.ts';
import { findPod } from './cluster/find.ts';
import { type CommandResult, inNetns, tryRun } from './command.ts';
import { createLabState } from './create.ts';
import { LabError } from './errors.ts';
import { type ActiveFault, activeFaults, type FaultArgs, healFault, injectFault } from './faults/inject.ts';
import type { FaultName } from './faults/registry.ts';
import { nodePath } from './network/alternatives.ts';
import { type ProbeRequest, type ProbeResult, type ProbeSource, sendProbe } from './probe.ts';
import { namespacesOf, removeEverything } from './remove.ts';
import { completeSpec, EXTERNAL_ADDRESS, externalNetns, type LabSpec, netnsPath, planNodes } from './spec.ts';
import { criSocketOf, type LabPod, type LabState, labNames, readState, stateDirOf, tryReadState } from './state.ts';

export interface LabNode {
  readonly name: string;
  readonly address: string;
  readonly podCidr: string;
  readonly netnsPath: string;
  /** `unix://…`, for the agent. */
  readonly criEndpoint: string;
}

export interface Lab {
  readonly spec: LabSpec;
  readonly stateDir: string;
  /** Path of a kubeconfig. */
  readonly kubeconfig: string;
  readonly apiServerUrl: string;
  readonly nodes: readonly LabNode[];
  readonly pods: readonly LabPod[];
  readonly external: { readonly address: string; readonly netnsPath: string };
  /** @throws LabError when the lab's CNI has no such fault, or an argument names nothing. */
  fault(name: FaultName, args?: FaultArgs): Promise<ActiveFault>;
  faults(): readonly ActiveFault[];
  /** Takes back one fault, by its id or its name, or all (the last first). */
  heal(id?: string): Promise<void>;
  /** The cluster's objects; who watches them hears of a change a moment later. */
  readonly objects: Pick<ApiClient, 'apply' | 'delete'>;
  probe(request: ProbeRequest): Promise<ProbeResult>;
  /** Runs one of the machine's tools in a node's network namespace; `iptables` is the node's variant. */
  exec(node: string, argv: readonly string[]): Promise<CommandResult>;
  /** The same in a pod's: `client` or `kube-system/echo-node-1`. */
  execPod(pod: string, argv: readonly string[]): Promise<CommandResult>;
  down(): Promise<void>;
}

/** @throws LabError when it exists already or cannot be made; nothing is left then. */
export async function createLab(
  spec: Partial<LabSpec> = {},
  onProgress: (line: string) => void = () => {},
): Promise<Lab> {
  return labOf(await createLabState(completeSpec(spec), onProgress));
}

/** @throws LabError when there is no such lab. */
export async function openLab(name: string): Promise<Lab> {
  return labOf(readState(name));
}

export interface LabSummary {
  readonly name: string;
  /** `broken`: its files cannot be read; remove it. */
  readonly phase: LabState['phase'] | 'broken';
  readonly spec: LabSpec | null;
  readonly createdAt: string | null;
}

export function listLabs(): readonly LabSummary[] {
  return labNames().map((name) => {
    const state = tryReadState(name);
    return state === null
      ? { name, phase: 'broken', spec: null, createdAt: null }
      : { name, phase: state.phase, spec: state.spec, createdAt: state.createdAt };
  });
}

/** Whole, half made or crashed; true when there was something to remove. */
export async function removeLab(name: string): Promise<boolean> {
  completeSpec({ name });
  const existed = labNames().includes(name) || namespacesOf(name).length > 0;
  await removeEverything(name);
  return existed;
}

function labOf(state: LabState): Lab {
  const { spec, pods, apiServer } = state;
  if (apiServer === null) throw new LabError(`lab ${spec.name} has no API server`);
  const nodes = planNodes(spec).map(
    (plan): LabNode => ({
      name: plan.name,
      address: plan.address,
      podCidr: plan.podCidr,
      netnsPath: netnsPath(plan.netns),
      criEndpoint: `unix://${criSocketOf(spec.name, plan.name)}`,
    }),
  );
  const external = { address: EXTERNAL_ADDRESS, netnsPath: netnsPath(externalNetns(spec.name)) };
  const env = { PATH: nodePath(spec.name) };
  const netnsOf = (source: ProbeSource): string => {
    if ('pod' in source) return findPod(pods, source.pod).netnsPath;
    if ('node' in source) return findNode(nodes, source.node).netnsPath;
    return external.netnsPath;
  };
  return {
    spec,
    stateDir: stateDirOf(spec.name),
    kubeconfig: apiServer.kubeconfig,
    apiServerUrl: apiServer.url,
    nodes,
    pods,
    external,
    fault: (name, args = {}) => injectFault(state, name, args),
    faults: () => activeFaults(spec.name),
    async heal(id) {
      const active = activeFaults(spec.name);
      const chosen =
        id === undefined
          ? active.toReversed()
          : active.filter((fault) => fault.id === id || fault.name === id).toReversed();
      if (id !== undefined && chosen.length === 0)
        throw new LabError(
          `no fault ${id} is active in lab ${spec.name} (${active.length === 0 ? 'none is' : `there are: ${active.map((fault) => fault.id).join(', ')}`})`,
        );
      for (const fault of chosen) await healFault(state, fault);
    },
    objects: apiClient(apiServer),
    probe: (request) => sendProbe(netnsOf(request.from), request),
    exec: (node, argv) => tryRun(inNetns(findNode(nodes, node).netnsPath, argv), { env }),
    execPod: (pod, argv) => tryRun(inNetns(findPod(pods, pod).netnsPath, argv), { env }),
    down: () => removeEverything(spec.name),
  };
}

function findNode(nodes: readonly LabNode[], name: string): LabNode {
  const node = nodes.find((candidate) => candidate.name === name);
  if (node === undefined) throw new LabError(`no node ${name} (there are: ${nodes.map((n) => n.name).join(', ')})`);
  return node;
}
