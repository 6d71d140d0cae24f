/** Node: its addresses and pod CIDRs. */
import type { Meta } from './meta.ts';

export interface Node {
  readonly kind: 'Node';
  readonly meta: Meta;
  /** `InternalIP`, `ExternalIP`, `Hostname`…, in the object's order. */
  readonly addresses: readonly { readonly type: string; readonly address: string }[];
  readonly podCidrs: readonly string[];
  /** Condition Ready is True; null: no such condition. */
  readonly ready: boolean | null;
  readonly unschedulable: boolean;
  readonly containerRuntime: string | null;
  readonly kernelVersion: string | null;
  readonly kubeProxyVersion: string | null;
}
