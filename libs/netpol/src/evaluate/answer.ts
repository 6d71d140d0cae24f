/** What policies say of a flow, with what decided. */
import type { Cluster, End, Protocol } from '../cluster.ts';
import type { NetworkPolicy, Rule, TieredPolicy, TieredRule } from '../policy.ts';

export interface PolicyFlow {
  readonly source: End;
  readonly destination: End;
  readonly protocol: Protocol;
  /** Of the pod, not of a Service before it. */
  readonly port: number;
}

export type Direction = 'egress' | 'ingress';

/** A rule of a policy; `index` as in the manifest, from 0. */
export interface RuleRef {
  readonly policy: NetworkPolicy;
  readonly rule: Rule;
  readonly index: number;
}
export interface TieredRuleRef {
  readonly policy: TieredPolicy;
  readonly rule: TieredRule;
  readonly index: number;
}

/** Why a rule of an isolating policy does not allow the flow. */
export interface Miss extends RuleRef {
  readonly because: 'peer' | 'port' | 'peer and port';
}

/** What one end's policies say in one direction. */
export type Decision =
  /** Nothing is asked: the end is no pod, it is the same pod, or its own node speaks. */
  | { readonly kind: 'exempt'; readonly allowed: true; readonly why: 'not-a-pod' | 'self' | 'own-node' }
  /** No policy is about the pod in this direction. */
  | { readonly kind: 'not-isolated'; readonly allowed: true }
  | { readonly kind: 'allowed-by-rules'; readonly allowed: true; readonly rules: readonly RuleRef[] }
  | {
      readonly kind: 'denied-by-isolation';
      readonly allowed: false;
      /** The policies that isolate the pod; each rule of them misses the flow. */
      readonly policies: readonly NetworkPolicy[];
      readonly misses: readonly Miss[];
    }
  | { readonly kind: 'tier'; readonly allowed: boolean; readonly by: TieredRuleRef }
  /** Something that is not modelled may decide. */
  | { readonly kind: 'unknown'; readonly allowed: null; readonly what: readonly string[] };

export interface Answer {
  /** null: not known. */
  readonly allowed: boolean | null;
  readonly egress: Decision;
  readonly ingress: Decision;
}

export interface Asked {
  readonly cluster: Cluster;
  readonly flow: PolicyFlow;
}
