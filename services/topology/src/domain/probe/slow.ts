/** Why is it slow? The stages of the way, dearest first, with the evidence of each. Pure. */
import type { ExpectedBranch, MeasuredHistogram, ProbeAttempt } from '@netverdict/contracts';
import type { NamespaceKey } from '@netverdict/linux-net';
import { placeName, type SlowReport, type SlowStage, type Text } from '@netverdict/verdict';
import { percentilesOf } from './counts.ts';
import type { Followed } from './judge.ts';
import { type Leg, legsOf } from './legs.ts';

export interface Measured {
  readonly node: string;
  /** Why nothing was measured there. */
  readonly problem: string | null;
  readonly histograms: readonly MeasuredHistogram[];
}

interface SlowInput {
  readonly followed: readonly Followed[];
  readonly branches: readonly ExpectedBranch[];
  readonly measured: readonly Measured[];
  readonly placeOf: (node: string, inode: number) => NamespaceKey;
  readonly addresses: ReadonlySet<string>;
}

/** What a histogram of the agent's is a stage of. Microseconds all. */
const STAGES: Readonly<
  Record<string, { readonly stage: SlowStage['stage']; readonly text: Text; readonly peer?: true }>
> = {
  'tcp-connect-microseconds': {
    stage: 'connect',
    text: { en: 'connections to it', zh: '建立到对端的连接' },
    peer: true,
  },
  'tcp-rtt-microseconds': {
    stage: 'rtt',
    text: { en: 'round trips of its connections', zh: '连接的往返时间' },
    peer: true,
  },
  'softirq-transmit-wait-microseconds': {
    stage: 'softirq',
    text: { en: 'waiting for the transmit softirq', zh: '等待发送软中断' },
  },
  'softirq-receive-wait-microseconds': {
    stage: 'softirq',
    text: { en: 'waiting for the receive softirq', zh: '等待接收软中断' },
  },
  'softirq-transmit-run-microseconds': {
    stage: 'softirq',
    text: { en: 'the transmit softirq runs', zh: '发送软中断运行' },
  },
  'softirq-receive-run-microseconds': {
    stage: 'softirq',
    text: { en: 'the receive softirq runs', zh: '接收软中断运行' },
  },
  'socket-read-wait-microseconds': {
    stage: 'socket',
    text: { en: 'data wait for the process to read', zh: '数据等待进程读取' },
  },
  'socket-write-microseconds': { stage: 'socket', text: { en: 'the process writes', zh: '进程写入' } },
  'transmit-queued-microseconds': { stage: 'queue', text: { en: 'in the queueing discipline', zh: '在排队规则中' } },
  'transmit-driver-microseconds': { stage: 'driver', text: { en: 'in the driver', zh: '在驱动中' } },
  'receive-backlog-microseconds': { stage: 'softirq', text: { en: "in the CPU's backlog", zh: '在 CPU 积压队列中' } },
  'receive-to-reader-microseconds': {
    stage: 'socket',
    text: { en: 'from arrival to the reader', zh: '从到达至被读取' },
  },
  'dns-answer-microseconds': { stage: 'dns', text: { en: 'answers of DNS', zh: 'DNS 应答' } },
};

const MOST_STAGES = 20;

export function slowReport(input: SlowInput): SlowReport {
  const attempts = input.followed.map(({ attempt }) => attempt);
  const stages = [...legStages(input), ...retransmissions(input), ...histogramStages(input)];
  // What is end to end holds all the rest: it comes last, or it would always be first.
  const whole = ({ stage }: SlowStage): number => (stage === 'connect' || stage === 'rtt' ? 1 : 0);
  stages.sort((a, b) => whole(a) - whole(b) || b.p99Ms - a.p99Ms || b.p50Ms - a.p50Ms);
  return {
    total: percentilesOf(attempts.flatMap(({ rttMs }: ProbeAttempt) => rttMs ?? [])),
    stages: stages.slice(0, MOST_STAGES),
    notMeasured: input.measured.flatMap(({ node, problem }) => (problem === null ? [] : [{ node, problem }])),
  };
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

function histogramStages({ measured, branches, placeOf, addresses }: SlowInput): SlowStage[] {
  const places = new Set(branches.flatMap(({ hops }) => hops.map(({ place }) => place)));
  return measured.flatMap(({ node, histograms }) =>
    histograms.flatMap((h): SlowStage[] => {
      const known = STAGES[h.metric];
      const place = h.netns === 0 ? `${node}/host` : placeOf(node, h.netns);
      if (known === undefined || !places.has(place)) return [];
      if (known.peer && (h.peer === null || !addresses.has(h.peer))) return [];
      return [
        {
          stage: known.stage,
          place,
          direction: null,
          what: known.text,
          count: h.count,
          p50Ms: quantile(h, 0.5),
          p99Ms: quantile(h, 0.99),
          evidence: h.metric,
        },
      ];
    }),
  );
}

/** The upper bound of the bucket that holds it: at most twice the true value. */
function quantile({ buckets, count }: MeasuredHistogram, share: number): number {
  let left = Math.max(1, Math.ceil(share * count));
  for (const [n, inIt] of buckets.entries()) {
    left -= inIt;
    if (left <= 0) return (2 ** n - 1) / 1000;
  }
  return 2 ** (buckets.length - 1) / 1000;
}
