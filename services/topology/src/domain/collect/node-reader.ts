/**
 * Reads one node for all who ask. One request is under way at a time; whoever asks meanwhile for what it does not
 * cover goes with the next, which carries everybody's targets. What was read is reused while it is young enough.
 *
 *   ask ──▶ young enough? ──yes──▶ answer
 *            └─no─▶ waiting ──▶ [flight under way] ──▶ next flight (union of all waiting) ──▶ answer
 */
import type { CollectTarget } from '@netverdict/contracts';
import {
  hostKey,
  type NamespaceSnapshot,
  type NodeSnapshot,
  netnsKey,
  podKey,
  sectionKinds,
} from '@netverdict/linux-net';
import { targetKey } from '../flow/targets.ts';
import type { Agents, FlowFilter, SectionStore } from './ports.ts';
import { receive, StoredNoMore } from './receive.ts';

export interface Ask {
  readonly targets: readonly CollectTarget[];
  /** Oldest state that will do, in milliseconds; 0 reads after this call. */
  readonly maxAgeMs: number;
  readonly flow: FlowFilter;
  readonly deadlineMs: number;
}

interface Kept {
  readonly namespace: NamespaceSnapshot;
  readonly node: NodeSnapshot;
  /** Our clock: the state is not older than this. */
  readonly readAt: number;
  /** Flows whose connection tracking entries are in it. */
  readonly flows: ReadonlySet<string>;
}

interface Waiting {
  readonly ask: Ask;
  readonly askedAt: number;
  readonly settle: (snapshot: NodeSnapshot) => void;
}

/** Of the age that is allowed. Agents are mostly asked by one topology, which remembers better what it asked. */
const AGENT_SHARE = 0.2;
const REFRESH_FROM = 0.7;
const MAX_TARGETS = 64;
const MAX_KEPT = 512;
/** A flow that was asked about so recently is read along, so that two questions by turns do not void each other's state. */
const RECENT_FLOW_MS = 2000;
const MAX_FLOWS = 32;

export class NodeReader {
  readonly #node: string;
  readonly #agents: Agents;
  readonly #store: SectionStore;
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();
  readonly #recentFlows = new Map<string, { readonly flow: FlowFilter; readonly at: number }>();
  #waiting: Waiting[] = [];
  #flying = false;

  constructor(
    node: string,
    ports: { readonly agents: Agents; readonly store: SectionStore; readonly now: () => number },
  ) {
    this.#node = node;
    this.#agents = ports.agents;
    this.#store = ports.store;
    this.#now = ports.now;
  }

  /** Never rejects: a node that cannot be read is a snapshot that says why. */
  async read(ask: Ask): Promise<NodeSnapshot> {
    const known = this.#answer(ask, this.#now());
    if (known && (await this.#stillStored(known))) {
      this.#refreshAhead(ask);
      return known;
    }
    const { promise, resolve } = Promise.withResolvers<NodeSnapshot>();
    const timer = setTimeout(
      () => resolve(this.#unavailable(`no complete answer of its agent within ${ask.deadlineMs} ms`)),
      ask.deadlineMs,
    );
    this.#waiting.push({ ask, askedAt: this.#now(), settle: resolve });
    void this.#fly();
    return promise.finally(() => clearTimeout(timer));
  }

  /** While questions keep coming, state is read again before it is too old: then none of them waits for it. */
  #refreshAhead(ask: Ask): void {
    const at = this.#now();
    if (this.#flying || this.#answer({ ...ask, maxAgeMs: ask.maxAgeMs * REFRESH_FROM }, at)) return;
    this.#waiting.push({ ask: { ...ask, maxAgeMs: ask.maxAgeMs * REFRESH_FROM }, askedAt: at, settle: () => {} });
    void this.#fly();
  }

  async #fly(): Promise<void> {
    if (this.#flying) return;
    this.#flying = true;
    // A tick later: those who ask in the same turn share the first flight.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      const failure = await this.#request(batch);
      for (const { ask, askedAt, settle } of batch)
        settle(
          failure ??
            this.#answer(ask, askedAt) ??
            this.#unavailable('its agent answered with older state than asked for'),
        );
    }
    this.#flying = false;
  }

  /** @returns what is wrong with the node, or null after its state was kept. */
  async #request(batch: readonly Waiting[]): Promise<NodeSnapshot | null> {
    const targets = new Map<string, CollectTarget>();
    for (const { ask } of batch) for (const target of ask.targets) targets.set(targetKey(target), target);
    const flows = this.#flowsOf(batch);
    // A part of the age is the agent's to use, the rest is ours to reuse the answer: the sum is what was asked for.
    const maxAgeMs = Math.floor(Math.min(...batch.map(({ ask }) => ask.maxAgeMs)) * AGENT_SHARE);
    const until = this.#now() + Math.max(...batch.map(({ ask }) => ask.deadlineMs));
    for (;;) {
      const outages = this.#agents.outages();
      const failure = await this.#askOnce([...targets.values()], flows, { maxAgeMs, until });
      // The bus broke meanwhile: the answer is lost, or what it brought was stored in what is gone.
      if (this.#agents.outages() === outages || this.#now() >= until) return failure;
    }
  }

  async #askOnce(
    all: readonly CollectTarget[],
    flows: ReadonlyMap<string, FlowFilter>,
    { maxAgeMs, until }: { readonly maxAgeMs: number; readonly until: number },
  ): Promise<NodeSnapshot | null> {
    try {
      for (let from = 0; from < all.length; from += MAX_TARGETS) {
        const part = all.slice(from, from + MAX_TARGETS);
        const readAt = this.#now() - maxAgeMs;
        const ask = async (knownDigests: readonly string[]): Promise<NodeSnapshot> => {
          const left = until - this.#now();
          const request = {
            targets: part,
            maxAgeMs,
            knownDigests: [...knownDigests],
            flows: [...flows.values()],
            deadlineMs: left,
          };
          return receive(this.#node, this.#agents.collect(this.#node, request, left), this.#store, knownDigests);
        };
        const snapshot = await ask(await this.#knownDigests(part)).catch((error: unknown) => {
          // What was stored when the question was made was lost before its answer: this time the agent sends all.
          if (error instanceof StoredNoMore) return ask([]);
          throw error;
        });
        this.#keep(part, snapshot, readAt, new Set(flows.keys()));
      }
      return null;
    } catch (error) {
      return this.#unavailable(error instanceof Error ? error.message : String(error));
    }
  }

  #flowsOf(batch: readonly Waiting[]): Map<string, FlowFilter> {
    const at = this.#now();
    for (const { ask } of batch) {
      const key = flowKey(ask.flow);
      this.#recentFlows.delete(key);
      this.#recentFlows.set(key, { flow: ask.flow, at });
    }
    for (const [key, { at: asked }] of this.#recentFlows)
      if (at - asked > RECENT_FLOW_MS || this.#recentFlows.size > Math.max(MAX_FLOWS, batch.length))
        this.#recentFlows.delete(key);
    return new Map([...this.#recentFlows].map(([key, { flow }]) => [key, flow]));
  }

  async #knownDigests(targets: readonly CollectTarget[]): Promise<string[]> {
    const digests = new Set<string>();
    for (const target of targets) {
      const kept = this.#kept.get(targetKey(target));
      // A pod not read before likely has what the other pods of the node have.
      const namespaces = kept ? [kept.namespace] : [...this.#kept.values()].slice(-4).map((k) => k.namespace);
      for (const namespace of namespaces)
        for (const entry of namespace.sections) if (!('missing' in entry)) digests.add(entry.digest);
    }
    const list = [...digests];
    const stored = await Promise.all(list.map((digest) => this.#store.has(digest).catch(() => false)));
    return list.filter((_, i) => stored[i]);
  }

  #keep(targets: readonly CollectTarget[], node: NodeSnapshot, readAt: number, flows: ReadonlySet<string>): void {
    for (const target of targets) {
      const key = targetKey(target);
      const found = node.namespaces.find((namespace) => matches(target, namespace));
      const namespace = found ?? absent(this.#node, target, node.unavailable ?? 'the node has no such namespace now');
      this.#kept.delete(key);
      this.#kept.set(key, { namespace, node, readAt, flows });
    }
    for (const key of this.#kept.keys()) {
      if (this.#kept.size <= MAX_KEPT) break;
      this.#kept.delete(key);
    }
  }

  /** From what is kept, when all of it is young enough; `at` is when the asker asked. */
  #answer(ask: Ask, at: number): NodeSnapshot | null {
    const flow = flowKey(ask.flow);
    const kept: Kept[] = [];
    for (const target of ask.targets) {
      const entry = this.#kept.get(targetKey(target));
      if (!entry || at - entry.readAt > ask.maxAgeMs || !entry.flows.has(flow)) return null;
      kept.push(entry);
    }
    const oldest = kept.reduce<Kept | null>((a, b) => (a === null || b.readAt < a.readAt ? b : a), null);
    if (!oldest) return null;
    return { ...oldest.node, node: this.#node, unavailable: null, namespaces: kept.map((entry) => entry.namespace) };
  }

  /** The bus may have lost its data since: then the sections have to be read and written again. */
  async #stillStored(snapshot: NodeSnapshot): Promise<boolean> {
    const digests = new Set<string>();
    for (const namespace of snapshot.namespaces)
      for (const entry of namespace.sections) if (!('missing' in entry)) digests.add(entry.digest);
    const stored = await Promise.all([...digests].map((digest) => this.#store.has(digest).catch(() => false)));
    return stored.every(Boolean);
  }

  #unavailable(reason: string): NodeSnapshot {
    return { node: this.#node, at: new Date().toISOString(), clockOffsetMs: null, unavailable: reason, namespaces: [] };
  }
}

export const flowKey = (flow: FlowFilter): string =>
  `${flow.protocol} ${[...flow.addresses].sort().join(',')} ${[...flow.ports].sort((a, b) => a - b).join(',')}`;

function matches(target: CollectTarget, namespace: NamespaceSnapshot): boolean {
  switch (target.kind) {
    case 'host':
      return namespace.kind === 'host';
    case 'pod':
      return namespace.pod?.namespace === target.namespace && namespace.pod.name === target.name;
    case 'netns':
      return namespace.inode === target.inode;
  }
}

/** Asked for and not found: a namespace whose every section is missing, so that nobody asks again or takes it for empty. */
export function absent(node: string, target: CollectTarget, reason: string): NamespaceSnapshot {
  const sections = sectionKinds.map((kind) => ({ kind, missing: reason }));
  switch (target.kind) {
    case 'host':
      return { key: hostKey(node), node, kind: 'host', pod: null, inode: 0, sections };
    case 'pod': {
      const { namespace, name } = target;
      return { key: podKey(node, namespace, name), node, kind: 'pod', pod: { namespace, name }, inode: 0, sections };
    }
    case 'netns':
      return { key: netnsKey(node, target.inode), node, kind: 'other', pod: null, inode: target.inode, sections };
  }
}
