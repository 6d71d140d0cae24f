/** Why is it slow, in a sentence for whoever does not know networks. The first cause that holds is told. Pure. */
import { placeName, type SlowReport, type SlowStage, type Text } from '@netverdict/verdict';
import type { Followed } from './judge.ts';
import { UNREAD } from './slow-histograms.ts';

/** What nobody notices is not slow: a round trip within a data centre takes a millisecond or two, on a busy machine some more. */
const SLOW = { roundTripMs: 20, beyondMs: 50 } as const;
/** One lost packet of fifty is felt; less is chance in so few. */
const LOSS = 0.02;
/** The network let something through in return. */
const ANSWERED: ReadonlySet<string> = new Set(['connected', 'answered', 'refused', 'reset']);

interface Facts {
  readonly total: SlowReport['total'];
  /** Dearest first. */
  readonly stages: readonly SlowStage[];
  readonly followed: readonly Followed[];
}

const ms = (value: number): string => (value < 10 ? value.toFixed(1) : `${Math.round(value)}`);
const percent = (share: number): string => `${Math.max(1, Math.round(share * 100))} %`;

export function conclude(facts: Facts): NonNullable<SlowReport['conclusion']> {
  const { total, stages, followed } = facts;
  if (total === null)
    return {
      cause: 'no-answer',
      text: {
        en: 'Nothing was answered, so it is not slow but broken: netverdict diagnose tells why.',
        zh: '没有任何回应:这不是慢,而是不通。请用 netverdict diagnose 查明原因。',
      },
    };
  const lost = lossOf(followed);
  if (lost !== null && lost.share >= LOSS) return { cause: 'loss', text: lossText(lost) };
  const slowest = (of: SlowStage['stage']): SlowStage | undefined =>
    stages
      .filter(({ stage, p50Ms }) => stage === of && p50Ms >= SLOW.beyondMs)
      .reduce<SlowStage | undefined>((most, one) => (most && most.p50Ms >= one.p50Ms ? most : one), undefined);
  const beside = (['dns', 'process', 'reader'] as const)
    .flatMap((of) => slowest(of) ?? [])
    .sort((a, b) => b.p50Ms - a.p50Ms)[0];
  if (beside !== undefined && beside.p50Ms >= total.p50) return besideText(beside, total.p50);
  // Of datagrams the process itself answers, within the round trip.
  const answer = stages.find(({ stage, share = 0 }) => stage === 'answer' && share >= 0.5);
  if (answer !== undefined && answer.p50Ms >= SLOW.roundTripMs)
    return besideText({ ...answer, stage: 'process' }, Math.max(0, total.p50 - answer.p50Ms));
  if (total.p50 >= SLOW.roundTripMs) return { cause: 'network', text: networkText(stages, total.p50) };
  return { cause: 'nothing', text: nothingText(stages, total) };
}

function besideText(stage: SlowStage, roundTrip: number): NonNullable<SlowReport['conclusion']> {
  const place = placeName(stage.place);
  const time = ms(stage.p50Ms);
  if (stage.stage === 'dns')
    return {
      cause: 'dns',
      text: {
        en: `The network is not slow (${ms(roundTrip)} ms there and back): names are resolved slowly, an answer of DNS to ${place} takes ${time} ms.`,
        zh: `网络不慢(往返 ${ms(roundTrip)} ms):域名解析慢,${place} 的 DNS 应答需要 ${time} ms。`,
      },
    };
  if (stage.stage === 'process')
    return {
      cause: 'process',
      text: {
        en: `The network is not slow (${ms(roundTrip)} ms there and back): the process in ${place} takes ${time} ms to answer a request.`,
        zh: `网络不慢(往返 ${ms(roundTrip)} ms):${place} 中的进程需要 ${time} ms 才应答请求。`,
      },
    };
  if (stage.evidence === UNREAD)
    return {
      cause: 'reader',
      text: {
        en: `The network is not slow (${ms(roundTrip)} ms there and back): the process in ${place} does not read what arrived, for ${time} ms at least; its receive window is full, and the sender has to wait.`,
        zh: `网络不慢(往返 ${ms(roundTrip)} ms):${place} 中的进程至少 ${time} ms 没有读取已到达的数据;接收窗口已满,发送方只能等待。`,
      },
    };
  return {
    cause: 'reader',
    text: {
      en: `The network is not slow (${ms(roundTrip)} ms there and back): what arrived at ${place} waits ${time} ms until the process there reads it, and the sender has to wait when there is no more room.`,
      zh: `网络不慢(往返 ${ms(roundTrip)} ms):到达 ${place} 的数据要等 ${time} ms 才被进程读取,接收缓冲区满时发送方只能等待。`,
    },
  };
}

function networkText(stages: readonly SlowStage[], roundTrip: number): Text {
  const dearest = stages.find(({ evidence }) => evidence === 'probe packets');
  if (dearest === undefined)
    return {
      en: `The network is slow: there and back takes ${ms(roundTrip)} ms; on which part of the way could not be followed.`,
      zh: `网络慢:往返需要 ${ms(roundTrip)} ms;无法跟踪慢在哪一段。`,
    };
  const share = percent(dearest.share ?? 0);
  return {
    en: `The network is slow: of the ${ms(roundTrip)} ms there and back ${ms(dearest.p50Ms)} ms (${share}) pass ${dearest.what.en} (${placeName(dearest.place)}).`,
    zh: `网络慢:往返 ${ms(roundTrip)} ms 中,${ms(dearest.p50Ms)} ms(${share})花在${dearest.what.zh}(${placeName(dearest.place)})。`,
  };
}

function nothingText(stages: readonly SlowStage[], total: NonNullable<SlowReport['total']>): Text {
  const asked = stages.find(({ stage }) => stage === 'process');
  const who: Text = asked
    ? {
        en: ` and the process in ${placeName(asked.place)} answers within ${ms(asked.p50Ms)} ms`,
        zh: `,${placeName(asked.place)} 中的进程在 ${ms(asked.p50Ms)} ms 内应答`,
      }
    : {
        en: '. No request was under way meanwhile: let your program send some while this runs to see whether it is who answers that takes its time',
        zh: '。期间没有观察到请求:若要判断应答的进程是否慢,请在运行期间让程序发送请求',
      };
  return {
    en: `Nothing is slow: there and back takes ${ms(total.p50)} ms (99 of 100 within ${ms(total.p99)} ms)${who.en}.`,
    zh: `没有发现慢的地方:往返 ${ms(total.p50)} ms(99% 在 ${ms(total.p99)} ms 以内)${who.zh}。`,
  };
}

interface Loss {
  readonly share: number;
  readonly lost: number;
  readonly sent: number;
  /** The places between which most of them were lost; null where the packets could not be followed. */
  readonly between: readonly [string, string] | null;
}

/** A packet that had to be sent again, or that nobody answered: either way one was lost. */
function lossOf(followed: readonly Followed[]): Loss | null {
  if (followed.length === 0) return null;
  let lost = 0;
  const places = new Map<string, { readonly pair: readonly [string, string]; count: number }>();
  for (const one of followed) {
    const answered = ANSWERED.has(one.attempt.outcome);
    if (answered && !sentAgain(one)) continue;
    const pair = lostBetween(one, followed);
    // Sent again while it was on its way, and seen everywhere as often as it was sent: late, not lost.
    if (answered && pair === null && followed.some(cameThrough)) continue;
    lost++;
    if (pair === null) continue;
    const known = places.get(pair.join(' '));
    if (known) known.count++;
    else places.set(pair.join(' '), { pair, count: 1 });
  }
  const [most] = [...places.values()].sort((a, b) => b.count - a.count);
  return { share: lost / followed.length, lost, sent: followed.length, between: most?.pair ?? null };
}

function firstSends({ seen }: Followed): Followed['seen'] {
  const sent = seen.filter(({ direction, point }) => direction === 'forward' && point === 'sent');
  const [first] = sent;
  return sent.filter(
    (s) => s.place === first?.place && s.device === first.device && s.encapsulated === first.encapsulated,
  );
}

const sentAgain = (one: Followed): boolean => firstSends(one).length > 1;

/** At once, and it could be followed. */
const cameThrough = (one: Followed): boolean =>
  ANSWERED.has(one.attempt.outcome) && !sentAgain(one) && one.seen.length > 0;

const name = ({ place, device }: Followed['seen'][number]): string => `${placeName(place)} ${device ?? ''}`.trim();
const spot = (s: Followed['seen'][number]): string =>
  `${s.place} ${s.device} ${s.point} ${s.direction} ${s.encapsulated ?? false}`;

/**
 * Compared with a packet that came through at once: the first place that saw fewer copies of this one than were sent. Of the way back
 * as well, since an answer that is lost makes its question go out again.
 */
function lostBetween(one: Followed, followed: readonly Followed[]): readonly [string, string] | null {
  const good = followed.find(cameThrough);
  if (good === undefined) return null;
  const way = good.seen.filter(({ point, icmp }) => point !== 'dropped' && icmp === undefined);
  const ordered = [
    ...way.filter(({ direction }) => direction === 'forward'),
    ...way.filter(({ direction }) => direction === 'reply'),
  ];
  const copies = (at: Followed['seen'][number]): number => one.seen.filter((s) => spot(s) === spot(at)).length;
  const [start] = ordered;
  if (start === undefined) return null;
  const sent = copies(start);
  for (const [i, at] of ordered.entries()) {
    const before = ordered[i - 1];
    if (before !== undefined && copies(at) < sent) return [name(before), name(at)];
  }
  return null;
}

function lossText({ share, lost, sent, between }: Loss): Text {
  const where: Text =
    between === null
      ? { en: 'on the way (where could not be followed)', zh: '在途中丢失(无法跟踪位置)' }
      : { en: `between ${between[0]} and ${between[1]}`, zh: `在 ${between[0]} 与 ${between[1]} 之间丢失` };
  return {
    en: `Packets are lost ${where.en}: ${lost} of ${sent} (${percent(share)}) had to be sent again or were not answered, and each such wait is a second or more.`,
    zh: `数据包${where.zh}:${sent} 个中有 ${lost} 个(${percent(share)})需要重传或没有回应,每次都要多等一秒以上。`,
  };
}
