/** What every projected object keeps of its metadata. Annotations only by {@link KEPT_ANNOTATIONS}. */

/** Annotations that a diagnosis reads; a trailing `*` stands for any ending. All others never leave the informer. */
export const KEPT_ANNOTATIONS = ['flannel.alpha.coreos.com/*'] as const;

export interface Meta {
  readonly name: string;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** RFC 3339; null: not being deleted. */
  readonly deletionRequestedAt: string | null;
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
}

/** `namespace/name`, or `name` alone for cluster-scoped kinds. */
export type ObjectKey = string;
export const objectKey = (namespace: string, name: string): ObjectKey =>
  namespace === '' ? name : `${namespace}/${name}`;
export const keyOf = (object: { readonly meta: Meta }): ObjectKey => objectKey(object.meta.namespace, object.meta.name);

export type Protocol = 'TCP' | 'UDP' | 'SCTP';
