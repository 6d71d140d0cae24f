/** NetworkPolicy, as the API has it (networking.k8s.io/v1). */
import type { Meta, Protocol } from './meta.ts';

export interface LabelSelector {
  readonly matchLabels: ReadonlyMap<string, string>;
  readonly matchExpressions: readonly {
    readonly key: string;
    /** `In`, `NotIn`, `Exists`, `DoesNotExist`; another is kept as it stands and matches nothing knowable. */
    readonly operator: string;
    readonly values: readonly string[];
  }[];
}

export type PolicyPeer =
  | { readonly kind: 'ip-block'; readonly cidr: string; readonly except: readonly string[] }
  | {
      readonly kind: 'pods';
      /** null: pods of the policy's own namespace. */
      readonly namespaces: LabelSelector | null;
      /** null: every pod of those namespaces. */
      readonly pods: LabelSelector | null;
    };

export interface PolicyPort {
  readonly protocol: Protocol;
  /** Number or name; null: every port. */
  readonly port: number | string | null;
  readonly endPort: number | null;
}

export interface PolicyRule {
  /** null: everyone. */
  readonly peers: readonly PolicyPeer[] | null;
  /** null: every port and protocol. */
  readonly ports: readonly PolicyPort[] | null;
}

export interface NetworkPolicy {
  readonly kind: 'NetworkPolicy';
  readonly meta: Meta;
  readonly podSelector: LabelSelector;
  readonly types: readonly ('Ingress' | 'Egress')[];
  readonly ingress: readonly PolicyRule[];
  readonly egress: readonly PolicyRule[];
}
