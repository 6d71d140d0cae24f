/** Policies as they decide, read and checked: see objects/ for how they come from manifests. */
import type { Prefix } from '@netverdict/linux-net';
import type { Protocol } from './cluster.ts';
import type { Selector } from './selector.ts';

export type PortMatch =
  /** `from` 0 and `to` 65535: every port of the protocol. */
  | { readonly kind: 'range'; readonly protocol: Protocol; readonly from: number; readonly to: number }
  /** By the name that the destination pod's containers give it. `protocol` null: whichever. */
  | { readonly kind: 'named'; readonly protocol: Protocol | null; readonly name: string };

export type Peer =
  /** `namespaces` null: the policy's own. */
  | { readonly kind: 'pods'; readonly namespaces: Selector | null; readonly pods: Selector }
  | { readonly kind: 'block'; readonly prefix: Prefix; readonly except: readonly Prefix[] }
  | { readonly kind: 'nodes'; readonly nodes: Selector }
  /** Something that is not modelled, by its name: it may match anything or nothing. */
  | { readonly kind: 'unknown'; readonly what: string };

export interface Rule {
  /** null: anybody. */
  readonly peers: readonly Peer[] | null;
  /** null: every port and protocol. */
  readonly ports: readonly PortMatch[] | null;
}

/** networking.k8s.io/v1. What is selected is isolated in each direction that the policy is about: only what a rule allows passes. */
export interface NetworkPolicy {
  readonly kind: 'NetworkPolicy';
  readonly namespace: string;
  readonly name: string;
  readonly pods: Selector;
  /** null: not about this direction. */
  readonly ingress: readonly Rule[] | null;
  readonly egress: readonly Rule[] | null;
}

export interface TieredRule extends Rule {
  readonly name: string | null;
  /** `pass`: the policies of namespaces decide. */
  readonly action: 'allow' | 'deny' | 'pass';
}

/**
 * policy.networking.k8s.io: AdminNetworkPolicy and BaselineAdminNetworkPolicy (v1alpha1), ClusterNetworkPolicy (v1alpha2).
 * The admin tier is asked before the policies of namespaces, the baseline tier where none of them isolates the pod.
 */
export interface TieredPolicy {
  readonly kind: 'AdminNetworkPolicy' | 'BaselineAdminNetworkPolicy' | 'ClusterNetworkPolicy';
  readonly name: string;
  readonly tier: 'admin' | 'baseline';
  /** The lowest is asked first. */
  readonly priority: number;
  readonly subject: { readonly namespaces: Selector; readonly pods: Selector };
  readonly ingress: readonly TieredRule[];
  readonly egress: readonly TieredRule[];
}

export const policyName = (policy: NetworkPolicy | TieredPolicy): string =>
  policy.kind === 'NetworkPolicy' ? `${policy.namespace}/${policy.name}` : policy.name;
