/** Gathers the sidecar's frames into windows, and makes anomalies of what a window holds. Pure: names of pods come from outside. */
import type { Anomaly, AnomalySample, AnomalyTuple, ProbeReport } from '@netverdict/contracts';
import { type Attributed, attributed } from '../domain/attribution.ts';
import { withinBudget } from './budget.ts';
import type { Dictionary, ProbeStatus, WatchFrame } from './frames.ts';
import { hookOf } from './netfilter-hooks.ts';
import { type Probe, type ProbeName, probeOf } from './probes.ts';
import type { Aggregate, End, Flow, Histogram, Key, ProbeCounters, Sample } from './records.ts';

/** With the name that it is of; empty: one that found no room. null: it is of a peer. */
export type NamedHistogram = Histogram & { readonly name: string | null };

export interface Window {
  readonly startMs: number;
  readonly endMs: number;
  readonly aggregates: readonly Aggregate[];
  readonly samples: readonly Sample[];
  /** Those of the window before: an event may be counted in the window after the one in which its sample was read. */
  readonly earlier: readonly Sample[];
  readonly histograms: readonly NamedHistogram[];
  readonly flows: readonly Flow[];
  /** Events of this window of which nothing is known but that they were, per probe. */
  readonly lost: readonly { readonly probe: number; readonly count: number }[];
  /** As they were when the window ended. */
  readonly counters: readonly ProbeCounters[];
}

const SAMPLES_SHOWN = 3;
/** Four times as many as the kernel's table has room for. */
const MOST_DNS_NAMES = 4096;

/** A reader of one sidecar's life: the names it has told, and what its window holds so far. */
export class WindowGatherer {
  readonly #names: Record<Dictionary, Map<bigint, string>> = {
    'drop-reason': new Map(),
    function: new Map(),
    'reset-reason': new Map(),
    'dns-name': new Map(),
  };
  #startedMs: number | null = null;
  #aggregates: Aggregate[] = [];
  #samples: Sample[] = [];
  #earlier: readonly Sample[] = [];
  #histograms: Histogram[] = [];
  #flows: Flow[] = [];
  #counters: readonly ProbeCounters[] = [];
  #before: readonly ProbeCounters[] = [];
  #status: readonly ProbeStatus[] = [];
  #offsetNs = 0n;

  /** @returns the window that is complete now, if one is */
  take(frame: WatchFrame): Window | null {
    this.#offsetNs = frame.bootOffsetNs;
    const atMs = Number((frame.atNs + frame.bootOffsetNs) / 1_000_000n);
    switch (frame.type) {
      case 'hello':
      case 'reply':
      case 'sightings':
        break;
      case 'status':
        this.#status = frame.probes;
        break;
      case 'dictionary':
        this.#learn(frame.dictionary, frame.names);
        break;
      case 'samples':
        this.#samples.push(...frame.samples);
        break;
      case 'aggregates':
        this.#aggregates.push(...frame.aggregates);
        break;
      case 'histograms':
        this.#histograms.push(...frame.histograms);
        break;
      case 'flows':
        this.#flows.push(...frame.flows);
        break;
      case 'counters':
        this.#before = this.#counters;
        this.#counters = frame.counters;
        break;
      case 'window': {
        const window = {
          startMs: Math.min(this.#startedMs ?? atMs, atMs), // the clock may have been set back
          endMs: atMs,
          aggregates: this.#aggregates,
          samples: this.#samples,
          earlier: this.#earlier,
          histograms: this.#histograms.map((histogram) => this.#named(histogram)),
          flows: this.#flows,
          lost: this.#lost(),
          counters: this.#counters,
        };
        this.#startedMs = atMs;
        this.#earlier = this.#samples;
        [this.#aggregates, this.#samples, this.#histograms, this.#flows] = [[], [], [], []];
        return window;
      }
    }
    return null;
  }

  /** Names in use are told again every ten minutes (native/watch/dns_names.c): those that were not told for longest may go. */
  #learn(dictionary: Dictionary, told: ReadonlyMap<bigint, string>): void {
    const names = this.#names[dictionary];
    for (const [id, name] of told) {
      names.delete(id);
      names.set(id, name);
    }
    if (dictionary !== 'dns-name') return;
    for (const id of names.keys()) {
      if (names.size <= MOST_DNS_NAMES) break;
      names.delete(id);
    }
  }

  #named(histogram: Histogram): NamedHistogram {
    const { nameNumber } = histogram;
    return { ...histogram, name: nameNumber === null ? null : (this.#names['dns-name'].get(nameNumber) ?? '') };
  }

  #lost(): { probe: number; count: number }[] {
    return this.#counters.flatMap(({ probe, lost, missed }) => {
      const before = this.#before.find((counters) => counters.probe === probe);
      const count = lost + missed - (before?.lost ?? 0) - (before?.missed ?? 0);
      return count > 0 ? [{ probe, count }] : [];
    });
  }

  /** Names of the probes that run. */
  on(): readonly string[] {
    return this.#status.flatMap((probe) => (probe.state === 'on' ? [probe.name] : []));
  }

  reports(): ProbeReport[] {
    return this.#status.map(({ id, name, state, reason }) => {
      const c = this.#counters.find((counters) => counters.probe === id);
      return {
        name,
        state,
        ...(reason === undefined || state === 'on' ? {} : { reason }),
        seen: c?.seen ?? 0,
        filtered: c?.filtered ?? 0,
        sampledAway: c?.sampledAway ?? 0,
        aggregated: (c?.aggregated ?? 0) + (c?.coarse ?? 0),
        lost: c?.lost ?? 0,
        missed: c?.missed ?? 0,
        observed: c?.observed ?? 0,
        unobserved: c?.unobserved ?? 0,
      };
    });
  }

  /** Namespaces that are not relevant belong to another node (in a lab several share a kernel). */
  anomalies(
    window: Window,
    whose: (netns: number, samples: readonly Sample[]) => Attributed | null,
    relevant: (netns: number) => boolean = () => true,
  ): Anomaly[] {
    const between = {
      windowStart: new Date(window.startMs).toISOString(),
      windowEnd: new Date(window.endMs).toISOString(),
    };
    const anomalies: Anomaly[] = [];
    const ours = (all: readonly Sample[]): Sample[] => all.filter(({ key }) => relevant(key.netns));
    const samples = new SampleIndex(ours(window.samples));
    const earlier = new SampleIndex(ours(window.earlier));
    for (const aggregate of withinBudget(window.aggregates.filter(({ key }) => relevant(key.netns)))) {
      const known = probeOf(aggregate.key.probe);
      if (known === undefined || aggregate.count === 0) continue;
      const [name, probe] = known;
      const { netns } = aggregate.key;
      const now = samples.of(aggregate);
      const own = now.length > 0 ? now : earlier.of(aggregate).filter(({ atNs }) => atNs >= aggregate.firstNs);
      anomalies.push({
        kind: probe.kind(aggregate.key),
        netns,
        ...attributed(whose(netns, own)),
        count: aggregate.count,
        ...between,
        ...this.#facts(name, probe, aggregate, own),
      });
    }
    for (const { probe, count } of window.lost) {
      const name = probeOf(probe)?.[0];
      if (name !== undefined)
        anomalies.push({ kind: 'watch-lost', netns: 0, pod: null, count, ...between, probe: name });
    }
    return anomalies;
  }

  #facts(name: ProbeName, probe: Probe, { key, bytes }: Aggregate, samples: readonly Sample[]): Partial<Anomaly> {
    const why = probe.reason(key);
    const reason = typeof why === 'string' ? this.#reason(why, key.reason) : (why?.word ?? null);
    const location = key.location === 0n ? '' : (this.#names[probe.location ?? 'function'].get(key.location) ?? '');
    const named = probe.location === 'dns-name';
    const shown = samples.map((sample) => this.#sample(sample));
    const hook = shown.reduce<string | null>((found, { stack }) => found ?? hookOf(stack ?? []), null);
    const details = named && location !== '' ? { name: location } : probe.details?.(key);
    const tuple = tupleOf(key);
    return {
      probe: name,
      ...(reason === null ? {} : { reason }),
      ...(location === '' || named ? {} : { function: location }),
      ...(hook === null ? {} : { hook }),
      ...(key.direction === 'unknown' ? {} : { direction: key.direction }),
      ...(tuple === null ? {} : { tuple }),
      ...(bytes === 0 ? {} : { bytes }),
      ...(details === undefined ? {} : { details }),
      ...(shown.length === 0 ? {} : { samples: shown }),
    };
  }

  #reason(dictionary: Dictionary, number: number): string {
    return this.#names[dictionary].get(BigInt(number)) ?? `${number}`;
  }

  #sample({ atNs, key, value, length, stack }: Sample): AnomalySample {
    const names = stack
      .map((address) => this.#names.function.get(address) ?? '')
      .map((name) => (name === '' ? '?' : name));
    return {
      at: new Date(Number((atNs + this.#offsetNs) / 1_000_000n)).toISOString(),
      tuple: tupleOf(key),
      bytes: length,
      ...(value === 0 ? {} : { value }),
      ...(names.length === 0 ? {} : { stack: names }),
    };
  }
}

const tupleOf = ({ family, protocol, source, destination }: Key): AnomalyTuple | null =>
  family === null
    ? null
    : {
        family,
        protocol,
        source: source.address,
        sourcePort: source.port,
        destination: destination.address,
        destinationPort: destination.port,
      };

const place = (key: Key): string =>
  [key.probe, key.netns, key.reason, key.location, key.detail, key.direction, key.protocol].join('/');
const ends = (key: Key): string => `${place(key)}/${key.source.address}/${key.destination.address}`;
const samePort = (sample: End, folded: End): boolean => folded.port === null || sample.port === folded.port;

/** Finds the samples of an aggregate, whose key may lack ports (folded) or addresses too (coarse). */
class SampleIndex {
  readonly #byEnds = new Map<string, Sample[]>();
  readonly #byPlace = new Map<string, Sample[]>();

  constructor(samples: readonly Sample[]) {
    for (const sample of samples) {
      add(this.#byEnds, ends(sample.key), sample);
      add(this.#byPlace, place(sample.key), sample);
    }
  }

  of({ key, coarse }: Aggregate): Sample[] {
    const near = (coarse ? this.#byPlace.get(place(key)) : this.#byEnds.get(ends(key))) ?? [];
    const own: Sample[] = [];
    for (const sample of near) {
      if (own.length === SAMPLES_SHOWN) break;
      if (samePort(sample.key.source, key.source) && samePort(sample.key.destination, key.destination))
        own.push(sample);
    }
    return own;
  }
}

function add(index: Map<string, Sample[]>, at: string, sample: Sample): void {
  const there = index.get(at);
  if (there === undefined) index.set(at, [sample]);
  else there.push(sample);
}
