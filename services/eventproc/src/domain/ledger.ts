/**
 * Of one start of an agent: which of its batches have come, and what it told of itself. Pure; stored as JSON under a row's lock. Batches come
 * twice and in any order. Each tells how many anomalies lie in all batches before it, so a hole between two is known in anomalies.
 */
import { type AgentLedger, type DroppedBatches, PROBE_COUNTERS, type ProbeLedger } from '@netverdict/contracts';
import type { Counts } from '@netverdict/store';

/** Batches that have been accounted for, inclusive, and the anomalies before the first and up to the last of them. */
interface Range {
  readonly from: number;
  readonly to: number;
  readonly before: number;
  readonly after: number;
  /** When the first of it came (ms). */
  readonly since: number;
}

export type LossStage = 'lostSpool' | 'lostBus';

/** Accounted for as lost. One that comes all the same is counted back. */
interface Loss {
  readonly from: number;
  readonly to: number;
  readonly stage: LossStage;
  /** Anomalies in all of them, the found ones too. */
  readonly count: number;
  readonly found: readonly number[];
}

type Counted = Record<(typeof PROBE_COUNTERS)[number], number>;

export interface BatchLedger {
  readonly ranges: readonly Range[];
  readonly losses: readonly Loss[];
  /** The highest number that was told, and how many anomalies are in all batches up to it. */
  readonly lastSeq: number;
  readonly reported: number;
  readonly probes: Readonly<Record<string, Counted>>;
  readonly over: boolean;
}

export const EMPTY: BatchLedger = { ranges: [], losses: [], lastSeq: 0, reported: 0, probes: {}, over: false };

export interface ProbeCounts {
  readonly probe: string;
  readonly counts: Partial<Counts>;
}

export interface Step {
  readonly ledger: BatchLedger;
  /** What is to be added to the accounting. */
  readonly counts: readonly ProbeCounts[];
}

const MOST_RANGES = 500;
const MOST_PROBES = 100;

const nodeCounts = (counts: Partial<Counts>): ProbeCounts[] =>
  Object.values(counts).every((n) => n === 0) ? [] : [{ probe: '', counts }];

function insert(ranges: readonly Range[], range: Range): Range[] {
  const sorted = [...ranges, range].sort((a, b) => a.from - b.from);
  const out: Range[] = [];
  for (const next of sorted) {
    const last = out.at(-1);
    if (last !== undefined && last.to + 1 === next.from)
      out.splice(-1, 1, { ...last, to: next.to, after: Math.max(last.after, next.after) });
    else out.push(next);
  }
  return out;
}

const covers = ({ from, to }: { readonly from: number; readonly to: number }, seq: number): boolean =>
  from <= seq && seq <= to;

export type Received = { readonly kind: 'new'; readonly step: Step } | { readonly kind: 'duplicate' };

/** @param before anomalies in all batches before it; null: an agent that does not tell */
export function receive(
  ledger: BatchLedger,
  seq: number,
  before: number | null,
  count: number,
  nowMs: number,
): Received {
  const known = ledger.ranges.find((range) => covers(range, seq));
  if (known !== undefined) {
    const loss = ledger.losses.find((l) => covers(l, seq) && !l.found.includes(seq));
    if (loss === undefined) return { kind: 'duplicate' };
    const losses = ledger.losses.map((l) => (l === loss ? { ...l, found: [...l.found, seq] } : l));
    return { kind: 'new', step: { ledger: { ...ledger, losses }, counts: nodeCounts({ [loss.stage]: -count }) } };
  }
  const start = before ?? ledger.ranges.filter((range) => range.to < seq).at(-1)?.after ?? 0;
  const ranges = insert(ledger.ranges, { from: seq, to: seq, before: start, after: start + count, since: nowMs });
  const step = reported({ ...ledger, ranges }, seq, start + count);
  // An agent whose batches come with holes without end does not make the row grow without end.
  const bounded = ranges.length > MOST_RANGES ? judge(step.ledger, Number.POSITIVE_INFINITY, MOST_RANGES / 2) : null;
  return {
    kind: 'new',
    step: bounded === null ? step : { ledger: bounded.ledger, counts: [...step.counts, ...bounded.counts] },
  };
}

/** All anomalies up to that batch, as the agent says: what has to be found again further down. */
function reported(ledger: BatchLedger, seq: number, upTo: number): Step {
  const grown = Math.max(0, upTo - ledger.reported);
  return {
    // One that was thought to be over, and told more all the same, is looked at again.
    ledger: {
      ...ledger,
      lastSeq: Math.max(ledger.lastSeq, seq),
      reported: ledger.reported + grown,
      over: ledger.over && grown === 0,
    },
    counts: nodeCounts({ reported: grown }),
  };
}

/**
 * What was taken for lost on the bus the agent says that it threw away: the word of it was late.
 * @returns the losses by their right names, and how many anomalies changed theirs
 */
function renamed(losses: readonly Loss[], entry: DroppedBatches): [Loss[], number] {
  let moved = 0;
  const out = losses.flatMap((loss): Loss[] => {
    if (loss.stage !== 'lostBus' || loss.to < entry.from || loss.from > entry.to) return [loss];
    if (entry.from <= loss.from && loss.to <= entry.to && loss.found.length === 0) {
      moved += loss.count;
      return [{ ...loss, stage: 'lostSpool' }];
    }
    const inside = loss.from <= entry.from && entry.to <= loss.to;
    if (!inside || loss.found.some((seq) => covers(entry, seq))) return [loss];
    moved += entry.count;
    const part = (from: number, to: number, count: number): Loss[] =>
      from > to ? [] : [{ ...loss, from, to, count, found: loss.found.filter((seq) => covers({ from, to }, seq)) }];
    const rest = loss.count - entry.count;
    return [
      // How the rest is shared between the two is not known; it matters to nobody but another such entry that spans one whole.
      ...part(loss.from, entry.from - 1, rest),
      { ...loss, from: entry.from, to: entry.to, stage: 'lostSpool', count: entry.count, found: [] },
      ...part(entry.to + 1, loss.to, loss.from > entry.from - 1 ? rest : 0),
    ];
  });
  return [out, moved];
}

/** What the agent threw away itself. */
function dropped(ledger: BatchLedger, entry: DroppedBatches, nowMs: number): Step {
  let { ranges } = ledger;
  const [losses, moved] = renamed(ledger.losses, entry);
  let lost = moved;
  for (let seq = entry.from; seq <= entry.to; ) {
    const there = ranges.find((range) => covers(range, seq));
    if (there !== undefined) {
      seq = there.to + 1;
      continue;
    }
    const next = ranges.find((range) => range.from > seq && range.from <= entry.to);
    const previous = ranges.find((range) => range.to === seq - 1 && seq > entry.from);
    const to = next === undefined ? entry.to : next.from - 1;
    const before = previous?.after ?? entry.before;
    const after = Math.max(before, next?.before ?? entry.before + entry.count);
    ranges = insert(ranges, { from: seq, to, before, after, since: nowMs });
    losses.push({ from: seq, to, stage: 'lostSpool', count: after - before, found: [] });
    lost += after - before;
    seq = to + 1;
  }
  return {
    ledger: { ...ledger, ranges, losses: losses.slice(-MOST_RANGES) },
    counts: nodeCounts({ lostSpool: lost, ...(moved === 0 ? {} : { lostBus: -moved }) }),
  };
}

/** What an agent tells of itself, with a batch (up to and with it) or with a heartbeat. Older news change nothing. */
export function told(
  ledger: BatchLedger,
  news: AgentLedger,
  upTo: { seq: number; anomalies: number },
  nowMs: number,
): Step {
  const steps = [reported(ledger, upTo.seq, upTo.anomalies)];
  for (const entry of news.dropped)
    if (entry.to >= entry.from && entry.to <= upTo.seq + 1e6) steps.push(dropped(last(steps).ledger, entry, nowMs));
  const probes = { ...last(steps).ledger.probes };
  const counts: ProbeCounts[] = [];
  for (const probe of news.probes) {
    const known = probes[probe.name];
    if (known === undefined && Object.keys(probes).length >= MOST_PROBES) continue;
    const [now, grown] = growth(known, probe);
    probes[probe.name] = now;
    counts.push({
      probe: probe.name,
      counts: {
        seen: grown.seen,
        filtered: grown.filtered,
        sampledAway: grown.sampledAway,
        aggregated: grown.aggregated,
        lostKernel: grown.lost,
        missed: grown.missed,
        reported: grown.reported,
        elsewhere: grown.elsewhere,
        lostSidecar: grown.lostBefore,
      },
    });
  }
  return { ledger: { ...last(steps).ledger, probes }, counts: [...steps.flatMap((step) => step.counts), ...counts] };
}

const last = (steps: readonly Step[]): Step => steps[steps.length - 1] as Step;

function growth(known: Counted | undefined, probe: ProbeLedger): [Counted, Counted] {
  const now = {} as Counted;
  const grown = {} as Counted;
  for (const name of PROBE_COUNTERS) {
    now[name] = Math.max(known?.[name] ?? 0, probe[name]);
    grown[name] = now[name] - (known?.[name] ?? 0);
  }
  return [now, grown];
}

/** Holes that nothing has filled since before `beforeMs` were lost on the bus. @param keep so many of the newest holes stay */
export function judge(ledger: BatchLedger, beforeMs: number, keep = 0): Step {
  const losses = [...ledger.losses];
  let ranges = ledger.ranges;
  let lost = 0;
  const holes = ledger.ranges.map((range, i) => ({ range, previous: ledger.ranges[i - 1] ?? null }));
  for (const { range, previous } of holes.slice(0, keep === 0 ? undefined : -keep)) {
    const from = (previous?.to ?? 0) + 1;
    if (from === range.from || range.since >= beforeMs) continue;
    const before = previous?.after ?? 0;
    ranges = insert(ranges, { from, to: range.from - 1, before, after: range.before, since: range.since });
    const count = Math.max(0, range.before - before);
    losses.push({ from, to: range.from - 1, stage: 'lostBus', count, found: [] });
    lost += count;
  }
  return { ledger: { ...ledger, ranges, losses: losses.slice(-MOST_RANGES) }, counts: nodeCounts({ lostBus: lost }) };
}

/** The agent has started anew, long ago: what it held went with it, in its spool and in the tables of its sidecar. */
export function end(ledger: BatchLedger): Step {
  if (ledger.over) return { ledger, counts: [] };
  const newest = ledger.ranges.at(-1);
  const tail = ledger.reported - (newest?.after ?? 0);
  const from = (newest?.to ?? 0) + 1;
  const losses = [...ledger.losses];
  let { ranges } = ledger;
  const counts: ProbeCounts[] = [];
  if (ledger.lastSeq >= from) {
    ranges = insert(ranges, { from, to: ledger.lastSeq, before: newest?.after ?? 0, after: ledger.reported, since: 0 });
    const count = Math.max(0, tail);
    losses.push({ from, to: ledger.lastSeq, stage: 'lostSpool', count, found: [] });
    counts.push(...nodeCounts({ lostSpool: count }));
  }
  const probes = { ...ledger.probes };
  for (const [probe, counted] of Object.entries(ledger.probes)) {
    const held = Math.max(0, counted.aggregated - counted.reported - counted.elsewhere - counted.lostBefore);
    if (held === 0) continue;
    probes[probe] = { ...counted, lostBefore: counted.lostBefore + held };
    counts.push({ probe, counts: { lostSidecar: held } });
  }
  return { ledger: { ...ledger, ranges, losses, probes, over: true }, counts };
}
