/** Asks the agents of several nodes side by side. A silent one makes the snapshot partial, never failed. */
import type { NodeSnapshot } from '@netverdict/linux-net';
import type { TargetsByNode } from '../flow/targets.ts';
import { NodeReader } from './node-reader.ts';
import type { Agents, CollectLog, FlowFilter, SectionStore } from './ports.ts';

export interface CollectOptions {
  readonly maxAgeMs: number;
  readonly flow: FlowFilter;
  readonly deadlineMs: number;
  /** `collecting node-2, node-3 (1 of 3 answered)`; called as nodes answer. */
  readonly onProgress: (message: string) => void;
}

export interface CollectorPorts {
  readonly agents: Agents;
  readonly store: SectionStore;
  readonly log: CollectLog;
  /** When the agent of a node was last heard, milliseconds since the epoch; null: never. */
  readonly lastHeard: (node: string) => number | null;
}

const TELL_AFTER_MS = 50;

export class Collector {
  readonly #readers = new Map<string, NodeReader>();
  readonly #ports: CollectorPorts;

  constructor(ports: CollectorPorts) {
    this.#ports = ports;
  }

  async collect(targets: TargetsByNode, options: CollectOptions): Promise<readonly NodeSnapshot[]> {
    const waitingFor = new Set(targets.keys());
    const total = waitingFor.size;
    const tell = (): void =>
      options.onProgress(
        `collecting ${[...waitingFor].sort().join(', ')} (${total - waitingFor.size} of ${total} answered)`,
      );
    if (total > 0) tell();
    // Who still waits is worth telling when somebody has had the time to read the line before.
    let timer: NodeJS.Timeout | null = null;
    const tellSoon = (): void => {
      timer ??= setTimeout(() => {
        timer = null;
        if (waitingFor.size > 0) tell();
      }, TELL_AFTER_MS);
    };
    const nodes = await Promise.all(
      [...targets].map(async ([node, wanted]) => {
        const { maxAgeMs, flow, deadlineMs } = options;
        const snapshot = this.#explained(
          await this.#reader(node).read({ targets: wanted, maxAgeMs, flow, deadlineMs }),
        );
        waitingFor.delete(node);
        if (waitingFor.size > 0) tellSoon();
        return snapshot;
      }),
    );
    if (timer) clearTimeout(timer);
    return nodes;
  }

  #reader(node: string): NodeReader {
    let reader = this.#readers.get(node);
    if (!reader) {
      reader = new NodeReader(node, { ...this.#ports, now: () => performance.now() });
      this.#readers.set(node, reader);
    }
    return reader;
  }

  #explained(snapshot: NodeSnapshot): NodeSnapshot {
    if (snapshot.unavailable === null) return snapshot;
    this.#ports.log.warn({ node: snapshot.node, reason: snapshot.unavailable }, 'node could not be collected');
    const heard = this.#ports.lastHeard(snapshot.node);
    const silent = heard === null ? 'agent never heard' : `agent last heard ${spanOf(Date.now() - heard)} ago`;
    return { ...snapshot, unavailable: `${snapshot.unavailable} (${silent})` };
  }
}

/** `8 s`, `4 m`, `3 h`. */
function spanOf(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} m` : `${Math.round(minutes / 60)} h`;
}
