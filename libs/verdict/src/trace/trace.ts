/**
 * Trace → Branch → Hop (one network namespace, or one piece of infrastructure) → Step → sub-steps.
 * A branch is one fate of the packet; branches part where a backend, a path or an unknown decides.
 */
import type { Redaction } from '../redacted.ts';
import type { Disposition } from './disposition.ts';

export type Direction = 'forward' | 'reply';

export interface Trace {
  readonly branches: readonly Branch[];
}

export interface Branch {
  /** `b1`, `b2`… in order of appearance. */
  readonly id: string;
  /** Share of new connections that take this branch, 0…1; null where nothing tells. */
  readonly share: number | null;
  readonly disposition: Disposition;
  /** In which direction the branch ended; a delivered one has passed both. */
  readonly ended: Direction;
  /** Why the branch parted from its siblings: `backend shop/payments-7c9-a1 10.244.1.7:8080`. */
  readonly choices: readonly Choice[];
  readonly hops: readonly Hop[];
}

export interface Choice {
  readonly what: 'backend' | 'nexthop' | 'unknown' | 'rule';
  readonly label: string;
  readonly share: number | null;
}

export interface Hop {
  /** Namespace key (`node-2/host`, `node-2/pod/shop/cart`), `wire` or `outside`. */
  readonly place: string;
  readonly node: string | null;
  readonly kind: 'host' | 'pod' | 'other' | 'wire' | 'outside';
  readonly direction: Direction;
  readonly steps: readonly Step[];
  /** Only in answers to who may not see all of it. */
  readonly redacted?: Redaction;
}

/** A raw line that decided something. `section` is a digest; null for an object of the cluster. */
export interface Evidence {
  readonly section: string | null;
  readonly kind: string;
  readonly line: number | null;
  readonly text: string;
  /** RFC 3339, when it was read; null when not known. */
  readonly at?: string | null;
}

/** The packet as text, for people and for comparison: outermost header last. */
export interface PacketView {
  readonly protocol: string;
  readonly source: string;
  readonly sport: number | null;
  readonly destination: string;
  readonly dport: number | null;
  readonly mark: number;
  readonly sizeBytes: number;
  readonly ctstate?: string;
  /** Outer header of an encapsulated packet. */
  readonly outer?: { readonly source: string; readonly destination: string; readonly vni: number };
}

export type StepKind =
  | 'origin'
  | 'ingress'
  | 'bridge'
  | 'conntrack'
  | 'table'
  | 'rule'
  | 'nat'
  | 'route'
  | 'check'
  | 'neighbour'
  | 'fdb'
  | 'encapsulate'
  | 'decapsulate'
  | 'egress'
  | 'wire'
  | 'socket'
  | 'unknown';

export interface Step {
  readonly kind: StepKind;
  /** One short line in the field's words: `filter FORWARD: rule 3 → DROP`. */
  readonly text: string;
  /** What became of the packet at this step. `stop` ends the branch. */
  readonly action: 'pass' | 'change' | 'stop' | 'branch' | 'unknown';
  /** Set by the steps that render or compare by value: `hook`, `table`, `chain`, `rule`, `dev`… */
  readonly detail: Readonly<Record<string, string | number | boolean | null>>;
  readonly evidence?: readonly Evidence[];
  /** After the step, where it changed. */
  readonly packet?: PacketView;
  readonly steps?: readonly Step[];
}
