/** The agents' histograms as stages of the way: what the kernel measured on it meanwhile, of all traffic. Pure. */
import type { ExpectedBranch, MeasuredHistogram } from '@netverdict/contracts';
import type { NamespaceKey } from '@netverdict/linux-net';
import type { SlowStage, Text } from '@netverdict/verdict';

export interface Measured {
  readonly node: string;
  /** Why nothing was measured there. */
  readonly problem: string | null;
  readonly histograms: readonly MeasuredHistogram[];
}

export interface HistogramInput {
  readonly branches: readonly ExpectedBranch[];
  readonly measured: readonly Measured[];
  readonly placeOf: (node: string, inode: number) => NamespaceKey;
  readonly addresses: ReadonlySet<string>;
}

/**
 * Where it counts. `node`: anywhere on the path. `peer`: only of connections to who was asked about. `sender`, `receiver`: only at
 * that end: what processes of the nodes between do with their sockets is another matter.
 */
type Counts = 'node' | 'peer' | 'sender' | 'receiver';

/** Of sockets that nobody read while it was measured: for so long at least. */
export const UNREAD = 'socket-unread-microseconds';

/** What a histogram of the agent's is a stage of. Microseconds all. */
const STAGES: Readonly<
  Record<string, { readonly stage: SlowStage['stage']; readonly text: Text; readonly counts: Counts }>
> = {
  'tcp-connect-microseconds': {
    stage: 'connect',
    text: { en: 'connections to it', zh: '建立到对端的连接' },
    counts: 'peer',
  },
  'tcp-rtt-microseconds': {
    stage: 'rtt',
    text: { en: 'round trips of its connections', zh: '连接的往返时间' },
    counts: 'peer',
  },
  'softirq-transmit-wait-microseconds': {
    stage: 'softirq',
    text: { en: 'waiting for the CPU to send', zh: '等待 CPU 发送' },
    counts: 'node',
  },
  'softirq-receive-wait-microseconds': {
    stage: 'softirq',
    text: { en: 'waiting for the CPU to receive', zh: '等待 CPU 接收' },
    counts: 'node',
  },
  'softirq-transmit-run-microseconds': {
    stage: 'softirq',
    text: { en: 'the CPU sends', zh: 'CPU 正在发送' },
    counts: 'node',
  },
  'softirq-receive-run-microseconds': {
    stage: 'softirq',
    text: { en: 'the CPU receives', zh: 'CPU 正在接收' },
    counts: 'node',
  },
  'socket-read-wait-microseconds': {
    stage: 'reader',
    text: { en: 'what arrived waits for the process to read it', zh: '已到达的数据等待进程读取' },
    counts: 'receiver',
  },
  [UNREAD]: {
    stage: 'reader',
    text: { en: 'what arrived is not read, and the receive window is full', zh: '已到达的数据没有被读取,接收窗口已满' },
    counts: 'receiver',
  },
  'socket-answer-microseconds': {
    stage: 'process',
    text: { en: 'the process answers a request', zh: '进程处理请求直到应答' },
    counts: 'receiver',
  },
  'socket-write-microseconds': {
    stage: 'socket',
    text: { en: 'the process is held when it writes', zh: '进程写入时被阻塞' },
    counts: 'sender',
  },
  'transmit-queued-microseconds': {
    stage: 'queue',
    text: { en: 'in the queue of a device', zh: '在设备的发送队列中' },
    counts: 'node',
  },
  'transmit-driver-microseconds': {
    stage: 'driver',
    text: { en: 'in the driver of a device', zh: '在设备驱动中' },
    counts: 'node',
  },
  'receive-backlog-microseconds': {
    stage: 'softirq',
    text: { en: "in the CPU's queue of arrived packets", zh: '在 CPU 的接收积压队列中' },
    counts: 'node',
  },
  'dns-answer-microseconds': { stage: 'dns', text: { en: 'answers of DNS', zh: 'DNS 应答' }, counts: 'sender' },
};

/** First and last places of the way there. */
function endsOf(branches: readonly ExpectedBranch[]): Readonly<Record<'sender' | 'receiver', ReadonlySet<string>>> {
  const there = branches.map(({ hops }) => hops.filter(({ direction }) => direction === 'forward'));
  return {
    sender: new Set(there.flatMap((hops) => hops[0]?.place ?? [])),
    receiver: new Set(there.flatMap((hops) => hops.at(-1)?.place ?? [])),
  };
}

export function histogramStages({ measured, branches, placeOf, addresses }: HistogramInput): SlowStage[] {
  const places = new Set<string>(branches.flatMap(({ hops }) => hops.map(({ place }) => place)));
  const ends = endsOf(branches);
  const found = new Map<string, MeasuredHistogram & { readonly place: NamespaceKey }>();
  for (const { node, histograms } of measured)
    for (const h of histograms) {
      const known = STAGES[h.metric];
      const place = h.netns === 0 ? (`${node}/host` as const) : placeOf(node, h.netns);
      if (known === undefined || h.count === 0 || !places.has(place)) continue;
      if (known.counts === 'peer' && (h.peer === null || !addresses.has(h.peer))) continue;
      if ((known.counts === 'sender' || known.counts === 'receiver') && !ends[known.counts].has(place)) continue;
      // One stage for all that it exchanges with, or each peer would be a row.
      const key = `${h.metric} ${place}`;
      const before = found.get(key);
      found.set(key, before === undefined ? { ...h, place } : { ...added(before, h), place });
    }
  return [...found.values()].flatMap((h): SlowStage[] => {
    const known = STAGES[h.metric];
    if (known === undefined) return [];
    return [
      {
        stage: known.stage,
        place: h.place,
        direction: null,
        what: known.text,
        count: h.count,
        p50Ms: quantile(h, 0.5),
        p99Ms: quantile(h, 0.99),
        evidence: h.metric,
      },
    ];
  });
}

const added = (a: MeasuredHistogram, b: MeasuredHistogram): MeasuredHistogram => ({
  ...a,
  count: a.count + b.count,
  sum: a.sum + b.sum,
  buckets: Array.from(
    { length: Math.max(a.buckets.length, b.buckets.length) },
    (_, n) => (a.buckets[n] ?? 0) + (b.buckets[n] ?? 0),
  ),
});

/** Within the bucket that holds it, whose bounds are a factor of two apart, what comes nearest to the mean. */
function quantile({ buckets, count, sum }: MeasuredHistogram, share: number): number {
  let left = Math.max(1, Math.ceil(share * count));
  const n = buckets.findIndex((inIt) => {
    left -= inIt;
    return left <= 0;
  });
  const bucket = n < 0 ? buckets.length - 1 : n;
  const [least, most] = [bucket === 0 ? 0 : 2 ** (bucket - 1), 2 ** bucket - 1];
  return Math.min(most, Math.max(least, sum / count)) / 1000;
}
