/** A live probe beside a diagnosis: what real packets did, and whether the simulation foresaw it. */
import type { Text } from './findings/finding.ts';
import type { BranchOutcome } from './trace/disposition.ts';

export interface LiveProbe {
  /** Why no packet was sent; null: some were. */
  readonly notMade: Text | null;
  /** null: it cannot be said of any target. */
  readonly agrees: boolean | null;
  /** Over all targets. */
  readonly attempts: number;
  readonly succeeded: number;
  /** Namespace key of the sender. */
  readonly from: string | null;
  readonly targets: readonly ProbedTarget[];
  readonly nodes: readonly FollowingNode[];
  /** Where fewer packets were sent than were asked for: how many, and why. */
  readonly fewer?: Text;
  /** Where the time goes; only where that was asked. */
  readonly slow?: SlowReport;
}

export interface SlowReport {
  /** Of the answered attempts, from the sender's first packet to the answer. */
  readonly total: Percentiles | null;
  /** The answer, in a sentence; absent in reports of before. */
  readonly conclusion?: { readonly cause: SlowCause; readonly text: Text };
  /** Dearest first. Stages overlap: a leg of the way holds the queue and the driver on it. */
  readonly stages: readonly SlowStage[];
  readonly notMeasured: readonly { readonly node: string; readonly problem: string }[];
}

/** `network`: a stage of the way; `process`: who answers takes its time; `reader`: who receives does not read. */
export type SlowCause = 'nothing' | 'no-answer' | 'loss' | 'dns' | 'process' | 'reader' | 'network';

export interface SlowStage {
  readonly stage:
    | 'connect'
    | 'rtt'
    | 'retransmissions'
    | 'node'
    | 'link'
    | 'wire'
    | 'queue'
    | 'driver'
    | 'softirq'
    | 'socket'
    | 'answer'
    | 'dns'
    | 'process'
    | 'reader';
  /** Namespace key. */
  readonly place: string;
  /** null: both. */
  readonly direction: 'forward' | 'reply' | null;
  readonly what: Text;
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the time that a request takes, 0…1; absent where it holds others, and in reports of before. */
  readonly share?: number;
  /** `probe packets`: measured on them, exactly; else the agent's histogram, whose values are at most twice the true ones. */
  readonly evidence: string;
}

export interface ProbedTarget {
  /** `asked`: what the user asked about; `backend`: reached directly, past the Service. */
  readonly kind: 'asked' | 'backend';
  /** `shop/payments-7c9-a1`, or the address. */
  readonly label: string;
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  readonly address: string;
  readonly port: number | null;
  readonly attempts: number;
  readonly succeeded: number;
  /** 0…1 */
  readonly loss: number;
  /** Of the answered attempts; null when none was. */
  readonly rttMs: Percentiles | null;
  /** How many attempts ended how: `connected`, `refused`, `silent`, `not-acknowledged`… */
  readonly outcomes: Readonly<Record<string, number>>;
  /** ICMP errors that came back, and from whom. */
  readonly icmp: readonly {
    readonly type: number;
    readonly code: number;
    readonly info: number;
    readonly from: string;
    readonly count: number;
  }[];
  readonly simulated: { readonly outcomes: readonly BranchOutcome[]; readonly dispositions: readonly string[] };
  /** null: the two cannot be compared; `note` says why. */
  readonly agrees: boolean | null;
  readonly note: Text | null;
  /** Where simulation and packets part ways. */
  readonly parting: Parting | null;
  /** Where the nodes saw the packets, in order; of all attempts together. */
  readonly seen: readonly SeenAt[];
}

export interface Percentiles {
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface SeenAt {
  /** Namespace key, or `node/netns/inode` of one that the snapshot lacks. */
  readonly place: string;
  readonly direction: 'forward' | 'reply';
  readonly point: 'sent' | 'received' | 'dropped';
  readonly device: string | null;
  readonly count: number;
  /** Of the data over a connection, which is as big as was asked about. */
  readonly data?: boolean;
  /** Of drops: the kernel's reason, function and netfilter hook. */
  readonly reason?: string;
  readonly function?: string;
  readonly hook?: string;
}

export interface Parting {
  /** The hop: namespace key. */
  readonly place: string;
  readonly direction: 'forward' | 'reply';
  readonly simulated: Text;
  readonly seen: Text;
}

/** A node of the path: whether it watched. */
export interface FollowingNode {
  readonly node: string;
  /** Why it did not; null: it did. */
  readonly problem: string | null;
  readonly sightings: number;
  /** Sightings that there was no room for. */
  readonly lost: number;
}
