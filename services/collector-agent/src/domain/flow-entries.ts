/**
 * The conntrack entries of each request's flow. The kernel's dump walks the whole machine's table (some 10 ms), so the
 * requests that come while one is being read share the next; each gets only its own flow's entries.
 */
import type { FlowFilter } from '@netverdict/collect';

type Read<T> = (flows: readonly FlowFilter[]) => Promise<T>;

interface Waiting<T> {
  readonly flows: readonly FlowFilter[];
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

export class FlowBatches<T> {
  readonly #read: Read<T>;
  #waiting: Waiting<T>[] = [];
  #running = false;

  constructor(read: Read<T>) {
    this.#read = read;
  }

  /** What the reading that began after this call found of all flows asked about with it: filter it by `ofFlows`. */
  get(flows: readonly FlowFilter[]): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ flows, resolve, reject });
      this.#next();
    });
  }

  get idle(): boolean {
    return !this.#running && this.#waiting.length === 0;
  }

  #next(): void {
    if (this.#running || this.#waiting.length === 0) return;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#running = true;
    this.#read(batch.flatMap(({ flows }) => flows))
      .then(
        (value) => {
          for (const { resolve } of batch) resolve(value);
        },
        (error: unknown) => {
          for (const { reject } of batch) reject(error);
        },
      )
      .finally(() => {
        this.#running = false;
        this.#next();
      });
  }
}

const all = (line: string, key: string): string[] =>
  [...line.matchAll(new RegExp(` ${key}=(\\S+)`, 'g'))].map((m) => m[1] ?? '');

/** As the helper does (sections/conntrack.c): both ends of either direction are the flow's, and one of its ports. */
function isOf(line: string, flow: FlowFilter): boolean {
  if (Number(/^\S+\s+\d+\s+\S+\s+(\d+) /.exec(line)?.[1]) !== flow.protocol) return false;
  const [sources, destinations] = [all(line, 'src'), all(line, 'dst')];
  const addresses = new Set(flow.addresses);
  if (!sources.some((source, i) => addresses.has(source) && addresses.has(destinations[i] ?? ''))) return false;
  const [sport, replySport] = all(line, 'sport');
  const [dport] = all(line, 'dport');
  if (flow.ports.length === 0 || sport === undefined) return true;
  return flow.ports.some((port) => [sport, dport, replySport].includes(String(port)));
}

export const ofFlows = (text: string, flows: readonly FlowFilter[]): string =>
  text
    .split('\n')
    .filter((line) => line !== '' && flows.some((flow) => isOf(line, flow)))
    .map((line) => `${line}\n`)
    .join('');
