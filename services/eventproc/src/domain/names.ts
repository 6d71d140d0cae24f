/** Who had an address, or owned a pod, at a moment. Pure. */
import type { AddressHolder } from '@netverdict/store';

/** A pod is made a moment before it gets its address, and the map learns of its end a moment after. */
const SLACK_MS = 5000;

export interface Pod {
  readonly namespace: string;
  readonly name: string;
}

const podKey = ({ namespace, name }: Pod): string => `${namespace}/${name}`;

/** `deployment/shop/cart`, `pod/shop/cart-1`, `service/shop/cart`, `node/node-1`. */
const nameOf = ({ kind, namespace, name, workload }: AddressHolder): string =>
  kind === 'node' ? `node/${name}` : (workload ?? `${kind}/${namespace}/${name}`);
/** The pod itself and not its owner. */
const ownNameOf = (holder: AddressHolder): string => nameOf({ ...holder, workload: null });

const LOOPBACK = /^(127\.|::1$)/;
const MULTICAST = /^(22[4-9]\.|23\d\.|255\.255\.255\.255$|ff[0-9a-f]{2}:)/i;

export class Names {
  readonly #byAddress = new Map<string, AddressHolder[]>();
  readonly #byPod = new Map<string, AddressHolder[]>();

  constructor(holders: readonly AddressHolder[]) {
    for (const holder of holders) {
      push(this.#byAddress, holder.address, holder);
      if (holder.kind === 'pod') push(this.#byPod, podKey(holder), holder);
    }
  }

  /** What is at that address for people: an object of the cluster, a word, or the address itself. @param at RFC 3339 */
  end(address: string, at: string): string {
    if (LOOPBACK.test(address)) return 'loopback';
    if (MULTICAST.test(address)) return 'multicast';
    const holder = this.#holder(address, at);
    return holder === null ? address : nameOf(holder);
  }

  /** As `end`, but the pod and not its owner. */
  pod(address: string, at: string): string {
    const holder = this.#holder(address, at);
    return holder === null ? this.end(address, at) : ownNameOf(holder);
  }

  workload(pod: Pod, at: string): string {
    const holder = latest(this.#byPod.get(podKey(pod)) ?? [], at) ?? this.#byPod.get(podKey(pod))?.at(-1);
    return holder?.workload ?? `pod/${podKey(pod)}`;
  }

  /** That address was the pod's then. */
  isOf(pod: Pod, address: string, at: string): boolean {
    const holder = this.#holder(address, at);
    return holder?.kind === 'pod' && podKey(holder) === podKey(pod);
  }

  #holder(address: string, at: string): AddressHolder | null {
    return latest(this.#byAddress.get(address) ?? [], at);
  }
}

/** An address goes from one pod to the next: of those that could have had it then, the one that got it last. */
function latest(holders: readonly AddressHolder[], at: string): AddressHolder | null {
  const ms = Date.parse(at);
  let found: AddressHolder | null = null;
  for (const holder of holders) {
    if (Date.parse(holder.since) > ms + SLACK_MS) continue;
    if (holder.until !== null && Date.parse(holder.until) < ms - SLACK_MS) continue;
    if (found === null || better(holder, found)) found = holder;
  }
  return found;
}

/** Later ones first; of the same time, one that still has it. */
function better(a: AddressHolder, b: AddressHolder): boolean {
  if (a.since !== b.since) return Date.parse(a.since) > Date.parse(b.since);
  return a.until === null && b.until !== null;
}

function push(index: Map<string, AddressHolder[]>, key: string, holder: AddressHolder): void {
  const there = index.get(key);
  if (there === undefined) index.set(key, [holder]);
  else there.push(holder);
}
