/**
 * Collection on one node: from targets (host, pods, namespaces by inode) to a manifest and the texts behind its digests.
 * Each namespace is read once for all who ask; the flow's conntrack entries are read for each request of their own.
 */

import type { FlowFilter, Helper, HelperSection } from '@netverdict/collect';
import { sectionDigest } from '@netverdict/collect';
import type { CollectRequest, CollectTarget } from '@netverdict/contracts';
import {
  type Digest,
  hostKey,
  type NamespaceSnapshot,
  type NodeSnapshot,
  netnsKey,
  podKey,
  type SectionEntry,
  type SectionKind,
  sectionKinds,
} from '@netverdict/linux-net';
import { FlowBatches, ofFlows } from './flow-entries.ts';
import type { Pods } from './pods.ts';
import { SingleFlight } from './single-flight.ts';

export interface SectionText {
  readonly kind: SectionKind;
  readonly digest: Digest;
  readonly text: string;
}

export interface Collected {
  readonly node: NodeSnapshot;
  readonly texts: readonly SectionText[];
}

interface Reading {
  readonly inode: number;
  readonly at: string;
  readonly entries: readonly SectionEntry[];
  readonly texts: readonly SectionText[];
}

interface Place {
  readonly key: string;
  readonly kind: NamespaceSnapshot['kind'];
  readonly pod: NamespaceSnapshot['pod'];
  readonly path: string;
}
interface NoPlace extends Omit<Place, 'path'> {
  readonly path: null;
  readonly inode: number;
  readonly why: string;
}

export interface CollectorOptions {
  readonly node: string;
  readonly hostNetns: string;
  readonly helper: Pick<Helper, 'collect' | 'find'>;
  readonly pods: Pods;
}

export interface Collector {
  collect(request: CollectRequest): Promise<Collected>;
}

/** Read for every request by itself: what leaves the node depends on the flow. */
const PER_REQUEST: SectionKind = 'conntrack';
const SHARED_KINDS = sectionKinds.filter((kind) => kind !== PER_REQUEST);
/** A tool that is run (iptables-save, nft…) may take this long. */
const TOOL_LIMIT_MS = 15_000;
/** Namespaces that nobody asked about for so long are forgotten, with their texts. */
const FORGET_MS = 30_000;

export function collectorOf({ node, hostNetns, helper, pods }: CollectorOptions): Collector {
  const flights = new Map<string, SingleFlight<Reading>>();
  const flowBatches = new Map<string, FlowBatches<HelperSection & { readonly at: string }>>();
  let knownPaths: readonly string[] = [hostNetns];

  function flight(path: string): SingleFlight<Reading> {
    let found = flights.get(path);
    if (found === undefined) {
      let before: readonly SectionText[] = [];
      found = new SingleFlight(async () => {
        const reading = await read(path, before);
        before = reading.texts;
        return reading;
      });
      flights.set(path, found);
    }
    return found;
  }

  /** @param before the texts of the last reading: what is the same need not be digested again */
  async function read(path: string, before: readonly SectionText[]): Promise<Reading> {
    const at = new Date().toISOString();
    const operation = { path, kinds: SHARED_KINDS, flows: [], knownPaths, timeLimitMs: TOOL_LIMIT_MS };
    const { inode, sections } = await helper.collect(operation);
    return { inode, at, ...digested(SHARED_KINDS, sections, at, before) };
  }

  async function readEntries(path: string, flows: readonly FlowFilter[]): Promise<HelperSection & { at: string }> {
    const at = new Date().toISOString();
    const operation = { path, kinds: [PER_REQUEST], flows, knownPaths: [], timeLimitMs: TOOL_LIMIT_MS };
    const [section] = (await helper.collect(operation)).sections;
    return { ...(section ?? { kind: PER_REQUEST, missing: 'the collecting helper did not send it' }), at };
  }

  async function locate(target: CollectTarget, maxAgeMs: number): Promise<Place | NoPlace> {
    switch (target.kind) {
      case 'host':
        return { key: hostKey(node), kind: 'host', pod: null, path: hostNetns };
      case 'pod': {
        const { namespace, name } = target;
        const place = { key: podKey(node, namespace, name), kind: 'pod' as const, pod: { namespace, name } };
        try {
          const known = (await pods.list(maxAgeMs)).find((p) => p.namespace === namespace && p.name === name);
          if (known !== undefined) return { ...place, path: known.path ?? hostNetns };
          return { ...place, path: null, inode: 0, why: `no running pod ${namespace}/${name} on node ${node}` };
        } catch (error) {
          return { ...place, path: null, inode: 0, why: `the container runtime did not answer: ${reasonOf(error)}` };
        }
      }
      case 'netns': {
        const { inode } = target;
        const known = (await pods.list(maxAgeMs).catch(() => [])).find((p) => p.inode === inode);
        const place = { key: netnsKey(node, inode), kind: 'other' as const, pod: null };
        if (known !== undefined && known.path !== null) return { ...place, pod: known, path: known.path };
        try {
          const path = await helper.find(inode);
          if (path !== null) return { ...place, path };
          return { ...place, path: null, inode, why: `no network namespace with inode ${inode} on node ${node}` };
        } catch (error) {
          return { ...place, path: null, inode, why: `namespaces could not be looked for: ${reasonOf(error)}` };
        }
      }
    }
  }

  async function namespaceOf(place: Place | NoPlace, request: CollectRequest, end: AbortSignal): Promise<One> {
    const { key, kind, pod } = place;
    const base = { key, node, kind, pod: pod === null ? null : { namespace: pod.namespace, name: pod.name } };
    if (place.path === null)
      return { snapshot: { ...base, inode: place.inode, sections: allMissing(place.why) }, texts: [] };
    try {
      const [shared, own] = await before(
        end,
        Promise.all([flight(place.path).get(request.maxAgeMs), ownSections(place.path, request.flows)]),
      );
      const { inode, entries, texts } = shared.value;
      return {
        snapshot: { ...base, inode, sections: [...entries, ...own.entries] },
        texts: [...texts, ...own.texts],
      };
    } catch (error) {
      return { snapshot: { ...base, inode: 0, sections: allMissing(reasonOf(error)) }, texts: [] };
    }
  }

  async function ownSections(path: string, flows: readonly FlowFilter[]): Promise<Pick<Reading, 'entries' | 'texts'>> {
    if (flows.length === 0) return { entries: [{ kind: PER_REQUEST, missing: 'no flow was named' }], texts: [] };
    let batches = flowBatches.get(path);
    if (batches === undefined) {
      batches = new FlowBatches((of) => readEntries(path, of));
      flowBatches.set(path, batches);
    }
    const section = await batches.get(flows);
    const own = 'text' in section ? { ...section, text: ofFlows(section.text, flows) } : section;
    return digested([PER_REQUEST], [own], section.at, []);
  }

  return {
    async collect(request) {
      const at = new Date().toISOString();
      const end = AbortSignal.timeout(request.deadlineMs);
      // The ids of the pods' namespaces are looked up even when only the host is asked about.
      await before(end, pods.list(Math.max(request.maxAgeMs, 200))).then(
        (list) => {
          knownPaths = [...new Set([hostNetns, ...list.flatMap((p) => p.path ?? [])])];
        },
        () => {},
      );
      const places = await Promise.all(request.targets.map((target) => locate(target, request.maxAgeMs)));
      const all = await Promise.all(places.map((place) => namespaceOf(place, request, end)));
      for (const [path, one] of flights)
        if (one.lastMs !== null && performance.now() - one.lastMs > FORGET_MS) flights.delete(path);
      for (const [path, batches] of flowBatches) if (batches.idle && !flights.has(path)) flowBatches.delete(path);
      const texts = new Map<Digest, SectionText>();
      const known = new Set(request.knownDigests);
      for (const { texts: own } of all)
        for (const text of own) if (!known.has(text.digest)) texts.set(text.digest, text);
      const namespaces = all.map(({ snapshot }) => snapshot);
      return { node: { node, at, clockOffsetMs: null, unavailable: null, namespaces }, texts: [...texts.values()] };
    },
  };
}

interface One {
  readonly snapshot: NamespaceSnapshot;
  readonly texts: readonly SectionText[];
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const allMissing = (missing: string): SectionEntry[] => sectionKinds.map((kind) => ({ kind, missing }));

/** The deadline ends the waiting, not the reading: others may wait for it. */
function before<T>(end: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new Error('not read within the deadline of the request'));
    if (end.aborted) late();
    end.addEventListener('abort', late, { once: true });
    work.then(resolve, reject).finally(() => end.removeEventListener('abort', late));
  });
}

function digested(
  kinds: readonly SectionKind[],
  sections: readonly HelperSection[],
  at: string,
  before: readonly SectionText[],
): Pick<Reading, 'entries' | 'texts'> {
  const entries: SectionEntry[] = [];
  const texts: SectionText[] = [];
  for (const kind of kinds) {
    const section = sections.find((s) => s.kind === kind);
    if (section === undefined) entries.push({ kind, missing: 'the collecting helper did not send it' });
    else if ('missing' in section) entries.push({ kind, missing: section.missing });
    else {
      const same = before.find((b) => b.kind === kind && b.text === section.text);
      const digest = same?.digest ?? sectionDigest(kind, section.text);
      entries.push({ kind, digest, at, bytes: Buffer.byteLength(section.text) });
      texts.push({ kind, digest, text: section.text });
    }
  }
  return { entries, texts };
}
