/** Why is it slow? The stages of the way, dearest first, with the evidence of each. Pure. */
import type { ProbeAttempt } from '@netverdict/contracts';
import { placeName, type SlowReport, type SlowStage, type Text } from '@netverdict/verdict';
import { conclude } from './conclude.ts';
import { percentilesOf } from './counts.ts';
import type { Followed } from './judge.ts';
import { type Leg, legsOf } from './legs.ts';
import { type HistogramInput, histogramStages } from './slow-histograms.ts';

interface SlowInput extends HistogramInput {
  readonly followed: readonly Followed[];
}

const MOST_STAGES = 20;

export function slowReport(input: SlowInput): SlowReport {
  const attempts = input.followed.map(({ attempt }) => attempt);
  const total = percentilesOf(attempts.flatMap(({ rttMs }: ProbeAttempt) => rttMs ?? []));
  const all = [...legStages(input), ...retransmissions(input), ...histogramStages(input)];
  const ranked = shared(all, total).sort((a, b) => (b.share ?? -1) - (a.share ?? -1) || b.p99Ms - a.p99Ms);
  // A queue that is full now and then has a median of nothing: what takes long for one in a hundred is not left out.
  const dearest = new Set([...ranked].sort((a, b) => b.p99Ms - a.p99Ms).slice(0, MOST_STAGES));
  const stages = ranked.filter((stage) => dearest.has(stage));
  return {
    total,
    conclusion: conclude({ total, stages: ranked, followed: input.followed }),
    stages,
    notMeasured: input.measured.flatMap(({ node, problem }) => (problem === null ? [] : [{ node, problem }])),
  };
}

/** Stages beside the packets' way: a request waits for them as well. */
const BESIDE: ReadonlySet<string> = new Set(['dns', 'process', 'reader']);

/** Of what a request takes: the packets' way, and what the processes and DNS add. What is end to end holds the others, and has none. */
function shared(stages: readonly SlowStage[], total: SlowReport['total']): SlowStage[] {
  const beside = new Map<string, number>();
  for (const { stage, p50Ms } of stages)
    if (BESIDE.has(stage)) beside.set(stage, Math.max(beside.get(stage) ?? 0, p50Ms));
  const whole = (total?.p50 ?? 0) + [...beside.values()].reduce((sum, ms) => sum + ms, 0);
  return stages.map((one) =>
    one.stage === 'connect' || one.stage === 'rtt' || whole <= 0
      ? one
      : { ...one, share: Math.min(1, one.p50Ms / whole) },
  );
}

function legText({ kind, from, to }: Leg): Text {
  const [a, b] = [
    `${placeName(from.place)} ${from.device ?? ''}`.trim(),
    `${placeName(to.place)} ${to.device ?? ''}`.trim(),
  ];
  switch (kind) {
    case 'kernel':
      return {
        en: `through the kernel, ${from.device ?? '?'} to ${to.device ?? '?'}`,
        zh: `经过内核,${from.device ?? '?'} 到 ${to.device ?? '?'}`,
      };
    case 'link':
      return { en: `from ${a} to ${b}, with its queue`, zh: `从 ${a} 到 ${b}(含排队)` };
    case 'wire':
      return { en: `between ${a} and ${b}, there and back`, zh: `${a} 与 ${b} 之间往返` };
    case 'answer':
      return { en: 'until the answer leaves', zh: '直到回应发出' };
  }
}

function legStages({ followed, branches }: SlowInput): SlowStage[] {
  const groups = new Map<string, Leg[]>();
  for (const one of followed)
    for (const leg of legsOf(one, branches)) {
      const key = `${leg.kind} ${leg.from.direction} ${leg.from.place} ${leg.from.device} ${leg.from.point} ${leg.to.place} ${leg.to.device}`;
      groups.set(key, [...(groups.get(key) ?? []), leg]);
    }
  return [...groups.values()].flatMap((legs): SlowStage[] => {
    const [first] = legs;
    const times = percentilesOf(legs.map(({ ms }) => ms));
    if (first === undefined || times === null) return [];
    return [
      {
        stage: first.kind === 'kernel' ? 'node' : first.kind,
        place: first.from.place,
        direction: first.from.direction,
        what: legText(first),
        count: legs.length,
        p50Ms: times.p50,
        p99Ms: times.p99,
        evidence: 'probe packets',
      },
    ];
  });
}

/** A SYN that left its sender more than once: each waited for a second and more. */
function retransmissions({ followed }: SlowInput): SlowStage[] {
  const waits: number[] = [];
  let place: string | null = null;
  for (const { seen } of followed) {
    const sent = seen.filter((s) => s.direction === 'forward' && s.point === 'sent');
    const [first] = sent;
    if (first === undefined) continue;
    place ??= first.place;
    const again = sent.filter(
      (s) => s.place === first.place && s.device === first.device && s.encapsulated === first.encapsulated,
    );
    const last = again.at(-1);
    if (again.length > 1 && last) waits.push(last.atMs - first.atMs);
  }
  const times = percentilesOf(waits);
  if (times === null || place === null) return [];
  return [
    {
      stage: 'retransmissions',
      place,
      direction: 'forward',
      what: { en: 'the packet was sent again', zh: '数据包被重传' },
      count: waits.length,
      p50Ms: times.p50,
      p99Ms: times.p99,
      evidence: 'probe packets',
    },
  ];
}
