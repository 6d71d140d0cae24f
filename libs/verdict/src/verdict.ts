/** The verdict of a diagnosis: the answer, the findings behind it and the trace that shows them. */
import type { Finding, Text } from './findings/finding.ts';
import type { Trace } from './trace/trace.ts';

export type Outcome = 'reachable' | 'unreachable' | 'partially-reachable' | 'undetermined';

export interface Shares {
  readonly reachable: number;
  readonly unreachable: number;
  readonly undetermined: number;
}

/** Names that prose prefers to addresses, and what was and was not seen. */
export interface VerdictContext {
  /** `shop/cart-6f9`, `node node-1`, `198.51.100.9`. */
  readonly source: string;
  /** `service shop/payments:80`, `pod shop/web-1 port 80`, `10.0.0.1`. */
  readonly destination: string;
}

export interface Verdict {
  readonly outcome: Outcome;
  readonly share: Shares;
  readonly summary: Text;
  /** The largest IP packet with "don't fragment" that gets there, in bytes; only where the flow does, and where it can be told. */
  readonly largestSizeBytes?: number;
}

/** Everything that the simulator says about one flow. */
export interface Diagnosis {
  readonly context: VerdictContext;
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  readonly trace: Trace;
  /** Share of the flow's fates that a budget (rounds, branches, CPU) left unexamined. */
  readonly unexamined: number;
}
