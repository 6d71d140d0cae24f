/** The few ConfigMaps that say how the network is built: kube-proxy's and flannel's. No other is read. */
import type { Meta } from './meta.ts';

export interface ConfigMap {
  readonly kind: 'ConfigMap';
  readonly meta: Meta;
  readonly data: ReadonlyMap<string, string>;
}

/** Where kubeadm, k3s-like installs and flannel's own manifests put them. */
export const WATCHED_CONFIG_MAPS = [
  { namespace: 'kube-system', name: 'kube-proxy' },
  { namespace: 'kube-flannel', name: 'kube-flannel-cfg' },
  { namespace: 'kube-system', name: 'kube-flannel-cfg' },
] as const;
