/** Names as a pod looks them up: which object the cluster's DNS would answer with (Kubernetes DNS specification 1.1). */
import { nearest } from '@netverdict/contracts';
import type { ClusterObjects } from '@netverdict/kube';
import { ok } from '@netverdict/linux-net';
import { fail, type Outcome } from './outcome.ts';

export type DnsMeaning =
  | { readonly kind: 'service'; readonly service: string }
  /** `web-0.web.shop.svc.cluster.local`: a pod of a headless Service by its hostname. */
  | { readonly kind: 'pod'; readonly pod: string }
  /** `10-244-1-7.shop.pod.cluster.local`. */
  | { readonly kind: 'ip'; readonly ip: string };

const CLUSTER_DOMAIN = /\.cluster\.local$/;

export function meaningOf(objects: ClusterObjects, asked: string, sourceNamespace: string | null): Outcome<DnsMeaning> {
  const name = asked.toLowerCase().replace(/\.$/, '').replace(CLUSTER_DOMAIN, '');
  const labels = name.split('.');
  const last = labels.at(-1);
  if (last === 'pod' && labels.length === 3) return ok({ kind: 'ip', ip: (labels[0] ?? '').replaceAll('-', '.') });
  const parts = last === 'svc' ? labels.slice(0, -1) : labels;
  const [first = '', second, third, ...more] = parts;
  if (more.length === 0) {
    if (second === undefined && sourceNamespace !== null && objects.service(sourceNamespace, first))
      return ok({ kind: 'service', service: `${sourceNamespace}/${first}` });
    if (second !== undefined && third === undefined && objects.service(second, first))
      return ok({ kind: 'service', service: `${second}/${first}` });
    if (second !== undefined && third !== undefined && objects.service(third, second) && objects.pod(third, first))
      return ok({ kind: 'pod', pod: `${third}/${first}` });
  }
  return unknownName(objects, asked, parts, sourceNamespace);
}

function unknownName(
  objects: ClusterObjects,
  asked: string,
  [first = '', second]: readonly string[],
  sourceNamespace: string | null,
): Outcome<DnsMeaning> {
  const services = [...objects.services.values()].map((s) => s.meta);
  const wanted =
    second === undefined && sourceNamespace !== null ? `${first}.${sourceNamespace}` : `${first}.${second ?? ''}`;
  const near = nearest(
    wanted,
    services.map((s) => `${s.name}.${s.namespace}`),
  );
  const same = services.filter((s) => s.name === first).map((s) => `${s.name}.${s.namespace}`);
  const node = objects.nodes.has(asked) ? [`node ${asked}`] : [];
  const short =
    second === undefined && sourceNamespace === null
      ? ' A short name is looked up in the namespace of a pod, and the source is none.'
      : '';
  return fail(
    'unknown-name',
    `No Service answers to the name ${asked}`,
    `The cluster's DNS has no such Service.${short} Names outside the cluster are not looked up: ask for the address.`,
    [...node, ...new Set([...near, ...same])].slice(0, 8),
  );
}
