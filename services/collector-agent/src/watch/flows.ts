/** Flows summed over some windows, with the names of the near ends; bounded, the greatest one by one and the others together. Pure but for the names. */
import type { FlowRecord } from '@netverdict/contracts';
import { type Attributed, attributed } from '../domain/attribution.ts';
import type { Flow } from './records.ts';

interface Sum {
  readonly flow: Flow;
  readonly whose: Attributed | null;
}

export interface FlowNames {
  ofNetns(inode: number): Attributed | null;
  ofCgroup(cgroup: bigint, pid: number): Attributed | null;
}

/** How long flows are gathered: a graph of the network needs no more. */
const EVERY_MS = 10_000;
/** Told one by one in that time; what is summed meanwhile may be more. */
const MOST_TOLD = 1000;
const MOST_SUMMED = 20_000;

export class FlowSums {
  readonly #sums = new Map<string, Sum>();
  readonly #everyMs: number;
  readonly #most: number;
  #startMs: number | null = null;
  #startedMs = performance.now();

  constructor(everyMs = EVERY_MS, most = MOST_TOLD) {
    this.#everyMs = everyMs;
    this.#most = most;
  }

  add(
    window: { readonly startMs: number; readonly flows: readonly Flow[] },
    relevant: (netns: number) => boolean,
    names: FlowNames,
  ): void {
    this.#startMs ??= window.startMs;
    for (const flow of window.flows) {
      if (!relevant(flow.netns)) continue;
      const whose = names.ofNetns(flow.netns) ?? names.ofCgroup(flow.cgroup, 0);
      const whole = this.#sums.size < MOST_SUMMED ? flow : withoutPeer(flow);
      this.#put(whole, whose);
    }
  }

  #put(flow: Flow, whose: Attributed | null): void {
    const key = [
      flow.netns,
      whose?.pod.namespace ?? '',
      whose?.pod.name ?? '',
      whose?.container ?? '',
      flow.direction,
      flow.family,
      flow.address,
      flow.peer,
      flow.port,
    ].join('|');
    const before = this.#sums.get(key);
    this.#sums.set(key, before === undefined ? { flow, whose } : { flow: added(before.flow, flow), whose });
  }

  /** What has been gathered, when it is time; nothing is left out: beyond the bound flows are told together, without far ends. */
  take(endMs: number): FlowRecord[] {
    // By our own clock: the wall clock may be set back.
    if (performance.now() - this.#startedMs < this.#everyMs) return [];
    const startMs = Math.min(this.#startMs ?? endMs, endMs);
    const all = [...this.#sums.values()].sort((x, y) => bytes(y.flow) - bytes(x.flow));
    this.#sums.clear();
    this.#startMs = null;
    this.#startedMs = performance.now();
    for (const { flow, whose } of all.slice(this.#most)) this.#put(withoutPeer(flow), whose);
    const rest = [...this.#sums.values()];
    this.#sums.clear();
    const between = { windowStart: new Date(startMs).toISOString(), windowEnd: new Date(endMs).toISOString() };
    return [...all.slice(0, this.#most), ...rest].map(({ flow, whose }) => record(flow, whose, between));
  }
}

const bytes = ({ sentBytes, receivedBytes }: Flow): number => sentBytes + receivedBytes;
const withoutPeer = (flow: Flow): Flow => ({ ...flow, address: null, peer: null, port: null, cgroup: 0n });

const added = (x: Flow, y: Flow): Flow => ({
  ...x,
  sentBytes: x.sentBytes + y.sentBytes,
  receivedBytes: x.receivedBytes + y.receivedBytes,
  sentPackets: x.sentPackets + y.sentPackets,
  receivedPackets: x.receivedPackets + y.receivedPackets,
  sentAgain: x.sentAgain + y.sentAgain,
  opened: x.opened + y.opened,
  closed: x.closed + y.closed,
});

const TCP = 6;

const record = (
  flow: Flow,
  whose: Attributed | null,
  between: { readonly windowStart: string; readonly windowEnd: string },
): FlowRecord => {
  const { netns, family, address, peer, port, direction, sentAgain, cgroup: _, ...sums } = flow;
  return {
    netns,
    ...attributed(whose),
    family,
    protocol: TCP,
    address,
    peer,
    port,
    direction,
    ...sums,
    retransmittedPackets: sentAgain,
    ...between,
  };
};
