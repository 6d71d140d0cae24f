/** Real packets: runs native/probe in the sender's namespace and reads what it prints. */
import { run } from './command.ts';
import { LabError } from './errors.ts';
import { nativeProgram } from './native.ts';

export type ProbeSource = { readonly pod: string } | { readonly node: string } | { readonly external: true };

export interface ProbeRequest {
  /** `client`, `kube-system/echo-node-1`, … */
  readonly from: ProbeSource;
  readonly to: { readonly address: string; readonly port?: number };
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  /** Of each attempt; default 1000. A neighbour that does not answer takes the kernel 3 s to give up. */
  readonly timeoutMs?: number;
  /** Payload in bytes (of TCP: of the line that is sent once connected). Default a few. */
  readonly sizeBytes?: number;
  readonly dontFragment?: boolean;
  /** Attempts, one after the other; default 1. */
  readonly count?: number;
  readonly sourcePort?: number;
}

export type ProbeOutcome =
  /** The far end's answer came back. */
  | 'delivered'
  /** ECONNREFUSED: a reset, or an ICMP port unreachable (then `icmp` tells from whom). */
  | 'refused'
  /** EHOSTUNREACH, ENETUNREACH or EACCES, from the own kernel or by ICMP. */
  | 'unreachable'
  | 'too-big'
  /** Silence. */
  | 'timeout'
  /** TCP: connected, but the line or its answer got lost. */
  | 'no-answer'
  | 'reset'
  | 'error';

export interface ProbeAttempt {
  readonly outcome: ProbeOutcome;
  /** From the start to the answer, the error or the end of waiting. */
  readonly elapsedMs: number;
  readonly errno?: string;
  /** Name of the pod (or `external`) that answered. */
  readonly answeredBy?: string;
  readonly sourceAddress?: string;
  readonly sourcePort?: number;
  /** The ICMP error that came back, and who sent it; `info` is the MTU of a fragmentation-needed. */
  readonly icmp?: { readonly type: number; readonly code: number; readonly info: number; readonly from: string };
}

export interface ProbeResult {
  /** What all attempts came to, or `mixed`. */
  readonly outcome: ProbeOutcome | 'mixed';
  readonly delivered: number;
  readonly attempts: readonly ProbeAttempt[];
  /** Mean over the delivered attempts; null when there was none. */
  readonly rttMs: number | null;
  /** Of the first attempt that failed. */
  readonly errno: string | null;
  /** Of the first attempt that was answered. */
  readonly answeredBy: string | null;
}

/** @param netnsPath of the sender. @throws LabError on bad values or when the namespace is gone. */
export async function sendProbe(netnsPath: string, request: ProbeRequest): Promise<ProbeResult> {
  const { to, protocol, timeoutMs = 1000, sizeBytes = 0, count = 1, sourcePort = 0 } = request;
  if (protocol !== 'icmp' && to.port === undefined) throw new LabError(`a ${protocol} probe needs a port`);
  const numbers = [to.port ?? 0, timeoutMs, sizeBytes, request.dontFragment === true ? 1 : 0, count, sourcePort];
  const argv = [nativeProgram('probe'), netnsPath, protocol, to.address, ...numbers.map(String)];
  const output = await run(argv, { timeoutMs: timeoutMs * count + 5000 });
  return summarize((JSON.parse(output) as { attempts: ProbeAttempt[] }).attempts);
}

function summarize(attempts: readonly ProbeAttempt[]): ProbeResult {
  const answered = attempts.filter(({ outcome }) => outcome === 'delivered');
  const outcomes = new Set(attempts.map(({ outcome }) => outcome));
  const [only] = outcomes;
  const total = answered.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0);
  return {
    outcome: outcomes.size === 1 && only !== undefined ? only : 'mixed',
    delivered: answered.length,
    attempts,
    rttMs: answered.length === 0 ? null : total / answered.length,
    errno: attempts.find(({ outcome }) => outcome !== 'delivered')?.errno ?? null,
    answeredBy: answered.find(({ answeredBy }) => answeredBy !== undefined)?.answeredBy ?? null,
  };
}
