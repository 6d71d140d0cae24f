/** Metadata, kept to what {@link Meta} names. managedFields, finalizers and most annotations end here. */
import type { V1ObjectMeta } from '@kubernetes/client-node';
import { KEPT_ANNOTATIONS, type Meta, type Protocol } from '../objects/meta.ts';

/** JSON as the API server sends it: the client's types say Date where text is. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

export const mapOf = (record: Readonly<Record<string, string>> | undefined | null): ReadonlyMap<string, string> =>
  new Map(Object.entries(record ?? {}));

const isKept = (name: string): boolean =>
  KEPT_ANNOTATIONS.some((kept) => (kept.endsWith('*') ? name.startsWith(kept.slice(0, -1)) : name === kept));

export function projectMeta(raw: V1ObjectMeta | undefined): Meta {
  const annotations = Object.entries(raw?.annotations ?? {}).filter(([name]) => isKept(name));
  return {
    name: raw?.name ?? '',
    namespace: raw?.namespace ?? '',
    uid: raw?.uid ?? '',
    resourceVersion: raw?.resourceVersion ?? '',
    createdAt: textOf(raw?.creationTimestamp),
    deletionRequestedAt: textOf(raw?.deletionTimestamp) || null,
    labels: mapOf(raw?.labels),
    annotations: new Map(annotations),
  };
}

export const protocolOf = (text: string | undefined): Protocol => (text === 'UDP' || text === 'SCTP' ? text : 'TCP');
