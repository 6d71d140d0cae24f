/**
 * Real packets from a namespace: one native process (native/probe/README.md) per request, a few at a time. The bounds of a request are checked
 * by its schema, by the program, and here by a time limit.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { PROBE_LIMITS, type ProbeAttempt, type ProbeRequest } from '@netverdict/contracts';

export interface Probed {
  /** Inode of the namespace that sent. */
  readonly netns: number;
  readonly attempts: readonly ProbeAttempt[];
  /** Attempts that there was no time for. */
  readonly notMade: number;
}

export type Shots = Pick<ProbeRequest, 'targets' | 'perSecond' | 'timeoutMs' | 'totalMs'>;

export interface Prober {
  /** @param netnsPath the sender's. @throws when it cannot be entered, the request is out of bounds, or too many wait */
  send(netnsPath: string, shots: Shots): Promise<Probed>;
  /** Ends those that run. */
  stop(): void;
}

/** Probes at a time on one node; more wait, and beyond `WAITING` they are refused. */
const AT_ONCE = 4;
const WAITING = 32;
/** Beyond the total time that the program keeps itself. */
const GRACE_MS = 2000;

/** A line of the program's. */
interface Told {
  readonly netns?: number;
  readonly notMade?: number;
  readonly target?: string;
  readonly outcome?: ProbeAttempt['outcome'];
  readonly elapsedMs?: number;
  readonly answered?: boolean;
  readonly packetBytes?: number;
  readonly errno?: string;
  readonly localAddress?: string;
  readonly localPort?: number;
  readonly token?: string;
  readonly icmp?: ProbeAttempt['icmp'];
}

export function proberOf(programPath: string): Prober {
  const stopping = new AbortController();
  const queue: (() => void)[] = [];
  let running = 0;

  async function turn(): Promise<void> {
    if (running >= AT_ONCE) {
      if (queue.length >= WAITING) throw new Error(`${running} probes run and ${queue.length} wait already: too many`);
      await new Promise<void>((resolve) => queue.push(resolve));
    }
    running++;
  }

  return {
    async send(netnsPath, shots) {
      const request = requestText(netnsPath, shots);
      await turn();
      try {
        return await run(programPath, request, shots.totalMs + GRACE_MS, stopping.signal);
      } finally {
        running--;
        queue.shift()?.();
      }
    },
    stop: () => stopping.abort(),
  };
}

function requestText(netnsPath: string, { targets, perSecond, timeoutMs, totalMs }: Shots): string {
  if (/[\n\0]/.test(netnsPath)) throw new Error('the path of a namespace is one line');
  const total = targets.reduce((sum, { attempts }) => sum + attempts, 0);
  if (total > PROBE_LIMITS.attempts) throw new Error(`${total} attempts are more than ${PROBE_LIMITS.attempts}`);
  const lines = targets.map((t) =>
    [
      'target',
      t.id,
      t.protocol,
      t.address,
      t.port ?? 0,
      t.sourcePort ?? 0,
      t.attempts,
      t.sizeBytes ?? 0,
      t.dontFragment ? 1 : 0,
    ].join(' '),
  );
  return [`netns ${netnsPath}`, `pace ${perSecond} ${timeoutMs} ${totalMs}`, ...lines, 'go', ''].join('\n');
}

async function run(path: string, request: string, limitMs: number, stopping: AbortSignal): Promise<Probed> {
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(limitMs)]);
  const child = spawn(path, [], { stdio: ['pipe', 'pipe', 'pipe'], env: {}, signal, killSignal: 'SIGKILL' });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = chunk.toString('utf8').trim().slice(0, 300);
  });
  child.stdin.on('error', () => {});
  const ended = new Promise<string | null>((resolve) => {
    child.on('error', (error) =>
      resolve(error.name === 'AbortError' ? 'it was stopped before it ended' : error.message),
    );
    child.on('close', (code, killed) => resolve(code === 0 ? null : complaint || `${killed ?? `exit ${code}`}`));
  });
  child.stdin.end(request);
  const attempts: ProbeAttempt[] = [];
  let netns: number | null = null;
  let notMade: number | null = null;
  for await (const line of createInterface({ input: child.stdout })) {
    const told = JSON.parse(line) as Told;
    if (told.netns !== undefined) netns = told.netns;
    else if (told.notMade !== undefined) notMade = told.notMade;
    else attempts.push(attemptOf(told));
  }
  const problem = await ended;
  if (problem !== null) throw new Error(`the probe could not be made: ${problem}`);
  if (netns === null || notMade === null) throw new Error('the probe could not be made: the prober said nothing');
  return { netns, attempts, notMade };
}

function attemptOf(told: Told): ProbeAttempt {
  const {
    target = '',
    outcome = 'error',
    elapsedMs,
    answered,
    errno,
    localAddress,
    localPort,
    token,
    icmp,
    packetBytes,
  } = told;
  const known = localAddress !== undefined && localAddress !== '0.0.0.0' && localAddress !== '::';
  return {
    target,
    outcome,
    rttMs: answered === true ? (elapsedMs ?? null) : null,
    ...(packetBytes === undefined ? {} : { packetBytes }),
    ...(errno === undefined ? {} : { errno }),
    local: known ? { address: localAddress, port: localPort ?? null } : null,
    ...(token === undefined ? {} : { token }),
    ...(icmp === undefined ? {} : { icmp }),
  };
}
