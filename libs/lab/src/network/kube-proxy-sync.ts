/** Loads kube-proxy's rules into a node: all at the start, and after a change of objects only its own chains. */
import type { KubeObject } from '../api-server/index.ts';
import { kubeProxySysctls, writeKubeProxyRules } from '../kube-proxy/index.ts';
import { CLUSTER_POD_CIDR, type LabSpec, type NodePlan, netnsPath } from '../spec.ts';
import { restoreRules, saveRules, setSysctls, type XtablesTarget } from './kernel.ts';

function kubeProxyRules(spec: LabSpec, node: NodePlan, objects: readonly KubeObject[]): string {
  const vtep = spec.cni === 'flannel-vxlan' ? [node.vtepAddress] : [];
  return writeKubeProxyRules({
    // In one order, whether they come from the API server or from the plan.
    objects: objects.toSorted((a, b) => keyOf(a).localeCompare(keyOf(b))),
    nodeName: node.name,
    nodeIps: ['127.0.0.1', node.address, node.podGateway, ...vtep],
    config: {
      localDetector: { kind: 'cluster-cidr', cidr: CLUSTER_POD_CIDR },
      randomFully: true,
      canaryChains: true,
    },
  });
}

const keyOf = ({ kind, metadata }: KubeObject): string => `${kind}/${metadata.namespace ?? ''}/${metadata.name}`;

export async function loadKubeProxyRules(spec: LabSpec, node: NodePlan, objects: readonly KubeObject[]): Promise<void> {
  await setSysctls(netnsPath(node.netns), Object.fromEntries(kubeProxySysctls()));
  await restoreRules(targetOf(spec, node), kubeProxyRules(spec, node, objects), { noflush: false });
}

/** Like kube-proxy's own sync: refills its chains, deletes those that no Service needs any more, touches nobody else's. */
export async function syncKubeProxyRules(spec: LabSpec, node: NodePlan, objects: readonly KubeObject[]): Promise<void> {
  const target = targetOf(spec, node);
  await restoreRules(target, syncText(kubeProxyRules(spec, node, objects), await saveRules(target)));
}

const targetOf = (spec: LabSpec, node: NodePlan): XtablesTarget => ({
  lab: spec.name,
  netnsPath: netnsPath(node.netns),
  variant: spec.iptables,
});

/** @param wanted kube-proxy's whole tables. @param present iptables-save of the node. */
export function syncText(wanted: string, present: string): string {
  const stale = staleChains(wanted, present);
  let table = '';
  return wanted
    .split('\n')
    .flatMap((line) => {
      if (line.startsWith('*')) {
        table = line.slice(1);
        // With --noflush a declared chain is emptied, hence can be deleted when nothing jumps to it any more.
        return [line, ...(stale.get(table) ?? []).map((chain) => `:${chain} - [0:0]`)];
      }
      if (line === 'COMMIT') return [...(stale.get(table) ?? []).map((chain) => `-X ${chain}`), line];
      // Base chains and the jumps in them are there already.
      if (line.startsWith(':')) return line.startsWith(':KUBE-') ? [line] : [];
      if (line.startsWith('-A')) return line.startsWith('-A KUBE-') ? [line] : [];
      return [line];
    })
    .join('\n');
}

function staleChains(wanted: string, present: string): ReadonlyMap<string, readonly string[]> {
  const declared = chainsOf(wanted);
  const stale = new Map<string, string[]>();
  for (const [table, chains] of chainsOf(present)) {
    const gone = [...chains].filter((chain) => chain.startsWith('KUBE-') && declared.get(table)?.has(chain) === false);
    stale.set(table, gone);
  }
  return stale;
}

function chainsOf(text: string): ReadonlyMap<string, ReadonlySet<string>> {
  const tables = new Map<string, Set<string>>();
  let chains = new Set<string>();
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) {
      chains = new Set();
      tables.set(line.slice(1), chains);
    } else if (line.startsWith(':')) chains.add(line.slice(1).split(' ')[0] ?? '');
  }
  return tables;
}
