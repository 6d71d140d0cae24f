/** What one row of the scenario table says: set up, question, expected answer. The kernel is asked beside it. */

import type { Destination, Source } from '@netverdict/contracts';
import type { FaultName, KubeObject, LabSpec, ProbeOutcome } from '@netverdict/lab';
import type { Direction, Disposition, FindingCode, Outcome } from '@netverdict/verdict';

export interface Combination {
  readonly cni: LabSpec['cni'];
  readonly iptables: LabSpec['iptables'];
}

export interface Planted {
  readonly name: FaultName;
  readonly args?: { readonly node?: string; readonly pod?: string; readonly peer?: string };
}

export interface ByHand {
  readonly on: string;
  readonly argv: readonly string[];
}

export interface Scenario {
  /** A sentence; it is the test's name. */
  readonly name: string;
  readonly faults?: readonly Planted[];
  /** What no fault of the lab does: commands run on a node, or in a pod (`namespace/name`); `{namespace/name}` is its address. */
  readonly prepare?: readonly ByHand[];
  /** Objects that the cluster has besides, for this row. */
  readonly objects?: readonly KubeObject[];
  /** Takes it back; may fail where a remedy did so already. */
  readonly undo?: readonly ByHand[];
  readonly source: Source;
  readonly destination: Destination;
  readonly protocol?: 'tcp' | 'udp' | 'icmp';
  readonly sizeBytes?: number;
  /** What is asked and sent after the remedies, where they make the sender's packets smaller: IP packets, to the byte what passes then. */
  readonly mendedSizeBytes?: number;
  readonly sourcePort?: number;
  readonly expect: {
    readonly outcome: Outcome;
    /** The findings of severity blocking, exactly: code, and the place and direction where they are told. */
    readonly blocking?: readonly {
      readonly code: FindingCode;
      readonly hop?: string;
      readonly direction?: Direction;
    }[];
    readonly dispositions?: readonly Disposition[];
    /** Findings of other severities that have to be among them. */
    readonly beside?: readonly FindingCode[];
    /** Share of new connections that work, for a partial one. */
    readonly reachableShare?: number;
  };
  /** The real packet's way: where it starts, and where it is sent (a pod's or node's address is looked up in the lab). */
  readonly probe: {
    readonly from: { readonly pod: string } | { readonly node: string } | { readonly external: true };
    readonly to: ({ readonly address: string } | { readonly pod: string } | { readonly node: string }) & {
      readonly port?: number;
    };
    readonly sizeBytes?: number;
    readonly dontFragment?: boolean;
    /** For an unreachable row: any of these. For a partial one the share is compared instead. */
    readonly fails?: readonly ProbeOutcome[];
  };
  /** Makes sense in one CNI mode only. */
  readonly only?: LabSpec['cni'];
}
