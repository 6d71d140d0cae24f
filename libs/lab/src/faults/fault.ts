/** What a fault is: data about it, and a plan of operations with their exact inverse. */
import type { LabCni, LabSpec, NodePlan } from '../spec.ts';
import type { LabPod, LabState } from '../state.ts';
import type { Operation } from './operation.ts';

export interface FaultArgs {
  readonly node?: string;
  readonly pod?: string;
  readonly peer?: string;
}
export type FaultArg = keyof FaultArgs;

/** The arguments resolved; those that a fault does not take have their defaults and are not looked at. */
export interface FaultContext {
  readonly state: LabState;
  readonly spec: LabSpec;
  readonly nodes: readonly NodePlan[];
  /** The node that is broken. */
  readonly node: NodePlan;
  /** The node that it no longer reaches. */
  readonly peer: NodePlan;
  readonly pod: LabPod;
  /** Node of `pod`. */
  readonly podNode: NodePlan;
}

export interface FaultPlan {
  readonly apply: readonly Operation[];
  /** In the order in which they are done. Each may meet a state that somebody mended already. */
  readonly undo: readonly Operation[];
}

export interface Fault {
  /** One sentence for a list of faults. */
  readonly description: string;
  /** Which arguments it takes, with their defaults: those break the way from default/client to default/web (web-2). */
  readonly args: FaultArgs;
  /** Only with these; both when absent. */
  readonly cni?: readonly LabCni[];
  /** What was done, in this case. */
  describe(context: FaultContext): string;
  plan(context: FaultContext): FaultPlan;
}

export type FaultGroup = Readonly<Record<string, Fault>>;

/** Most faults break the receiving node and pod, some the sending ones. */
export const RECEIVER = { node: 'node-2' } as const;
export const SENDER = { node: 'node-1' } as const;
export const SENDER_TO_RECEIVER = { node: 'node-1', peer: 'node-2' } as const;
export const RECEIVING_POD = { pod: 'default/web-2' } as const;
export const SENDING_POD = { pod: 'default/client' } as const;
