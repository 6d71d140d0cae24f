/** The closed set of things that a fault does. They are data, so that another process can undo them later. */
import { apiClient, type KubeObject } from '../api-server/index.ts';
import { endpointSliceOf, SERVICES } from '../cluster/services.ts';
import { inNetns, run } from '../command.ts';
import { LabError } from '../errors.ts';
import { bridgeBatch, ipBatch, restoreRules, setSysctls } from '../network/kernel.ts';
import { syncKubeProxyRules } from '../network/kube-proxy-sync.ts';
import { planNodes } from '../spec.ts';
import type { LabState } from '../state.ts';
import { type Listen, setListener } from './listener.ts';

export type Operation =
  | { readonly kind: 'ip'; readonly netns: string; readonly lines: readonly string[] }
  /** The host's end of a pod's eth0: the bridge plugin names it at random, eth0 knows its index. */
  | { readonly kind: 'veth-peer-mtu'; readonly netns: string; readonly hostNetns: string; readonly mtu: number }
  | { readonly kind: 'bridge'; readonly netns: string; readonly lines: readonly string[] }
  | { readonly kind: 'sysctl'; readonly netns: string; readonly values: Readonly<Record<string, string>> }
  /** Lines of iptables-restore in one table (`-I FORWARD 1 …`, `-D …`, `:FORWARD DROP [0:0]`). */
  | { readonly kind: 'iptables'; readonly netns: string; readonly table: string; readonly lines: readonly string[] }
  | { readonly kind: 'listener'; readonly pid: number; readonly listen: Listen }
  /** Written through the API server; then every node's kube-proxy syncs. */
  | { readonly kind: 'objects'; readonly objects: readonly KubeObject[] }
  /**
   * kube-proxy of some nodes syncs, with the cluster's objects, or as if the endpoints of one Service still had the host
   * part `staleHost` in their pod CIDRs.
   */
  | {
      readonly kind: 'sync';
      readonly nodes: readonly string[];
      readonly stale?: { readonly service: string; readonly host: number };
    };

/** @throws LabError when the kernel or the API server refuses. */
export async function perform(state: LabState, operation: Operation): Promise<void> {
  switch (operation.kind) {
    case 'ip':
      return ipBatch(operation.netns, operation.lines);
    case 'bridge':
      return bridgeBatch(operation.netns, operation.lines);
    case 'veth-peer-mtu': {
      const peer = await vethPeerName(operation.netns, operation.hostNetns);
      return ipBatch(operation.hostNetns, [`link set ${peer} mtu ${operation.mtu}`]);
    }
    case 'sysctl':
      return setSysctls(operation.netns, operation.values);
    case 'iptables': {
      const text = [`*${operation.table}`, ...operation.lines, 'COMMIT', ''].join('\n');
      const { name: lab, iptables: variant } = state.spec;
      return restoreRules({ lab, netnsPath: operation.netns, variant }, text);
    }
    case 'listener':
      return setListener(operation.pid, operation.listen);
    case 'objects': {
      await apiClient(apiServerOf(state)).apply(operation.objects);
      const names = planNodes(state.spec).map(({ name }) => name);
      return perform(state, { kind: 'sync', nodes: names });
    }
    case 'sync':
      return sync(state, operation);
  }
}

/** Like perform, but what cannot be undone because it is undone already is no failure: the user mended it. */
export async function undo(state: LabState, operation: Operation): Promise<void> {
  switch (operation.kind) {
    case 'ip':
      return ipBatch(operation.netns, operation.lines, true);
    case 'bridge':
      return bridgeBatch(operation.netns, operation.lines, true);
    case 'iptables':
    case 'listener':
      return perform(state, operation).catch(() => {});
    default:
      return perform(state, operation);
  }
}

async function sync(state: LabState, { nodes, stale }: Extract<Operation, { kind: 'sync' }>): Promise<void> {
  const api = apiClient(apiServerOf(state));
  const kinds = [
    ['v1', 'Node'],
    ['v1', 'Service'],
    ['discovery.k8s.io/v1', 'EndpointSlice'],
  ] as const;
  const objects = (await Promise.all(kinds.map(([apiVersion, kind]) => api.list(apiVersion, kind)))).flat();
  const seen = stale === undefined ? objects : withStaleEndpoints(state, objects, stale);
  const plans = planNodes(state.spec).filter(({ name }) => nodes.includes(name));
  await Promise.all(plans.map((node) => syncKubeProxyRules(state.spec, node, seen)));
}

function withStaleEndpoints(
  state: LabState,
  objects: readonly KubeObject[],
  { service, host }: { readonly service: string; readonly host: number },
): readonly KubeObject[] {
  const plan = SERVICES.find(({ name }) => name === service);
  if (plan === undefined) throw new LabError(`the lab has no service ${service}`);
  const stale = endpointSliceOf(plan, state.pods, (pod) =>
    pod.address.replace(/\d+$/, String(host + Number(pod.name.at(-1)))),
  );
  return objects.map((object) =>
    object.kind === stale.kind && object.metadata.name === stale.metadata.name ? stale : object,
  );
}

async function vethPeerName(podNetns: string, hostNetns: string): Promise<string> {
  const json = async (netns: string, args: readonly string[]) =>
    JSON.parse(await run(inNetns(netns, ['ip', '-j', 'link', 'show', ...args]))) as {
      readonly ifindex: number;
      readonly ifname: string;
      readonly link_index?: number;
    }[];
  const [eth0] = await json(podNetns, ['dev', 'eth0']);
  const peer = (await json(hostNetns, [])).find(({ ifindex }) => ifindex === eth0?.link_index);
  if (peer === undefined) throw new LabError("the host's end of the pod's eth0 is not there");
  return peer.ifname;
}

function apiServerOf(state: LabState): NonNullable<LabState['apiServer']> {
  if (state.apiServer === null) throw new LabError('the lab has no API server');
  return state.apiServer;
}
