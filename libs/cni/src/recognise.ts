/** Which plugin made the pod network, told by the cluster's objects. */
import { flannelConventions } from './flannel/conventions.ts';
import { type FlannelConfig, parseNetConf } from './flannel/net-conf.ts';
import { type CniConventions, type CniObjects, UNKNOWN_CNI } from './plugin.ts';

export type RecognisedCni =
  | { readonly kind: 'flannel'; readonly config: FlannelConfig; readonly conventions: CniConventions }
  | { readonly kind: 'unknown'; readonly reason: string; readonly conventions: CniConventions };

/** kube-flannel since 0.20, kube-system before. */
const FLANNEL_NAMESPACES = ['kube-flannel', 'kube-system'];

export function recogniseCni(objects: CniObjects): RecognisedCni {
  const flannel = objects.configMaps.find(
    (map) => map.name === 'kube-flannel-cfg' && FLANNEL_NAMESPACES.includes(map.namespace),
  );
  if (!flannel) return unknown('no ConfigMap of a plugin that is known here');
  const text = flannel.data['net-conf.json'];
  if (text === undefined) return unknown(`${flannel.namespace}/kube-flannel-cfg has no net-conf.json`);
  const config = parseNetConf(text);
  if (!config.ok) return unknown(`${flannel.namespace}/kube-flannel-cfg: ${config.error}`);
  return { kind: 'flannel', config: config.value, conventions: flannelConventions(config.value) };
}

const unknown = (reason: string): RecognisedCni => ({ kind: 'unknown', reason, conventions: UNKNOWN_CNI });

/** Pod networks that the plugin's own configuration names. */
export function podNetworks(cni: RecognisedCni): readonly string[] {
  if (cni.kind !== 'flannel') return [];
  return [cni.config.network, cni.config.ipv6Network].filter((network) => network !== null);
}
