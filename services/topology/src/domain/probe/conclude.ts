/** Why is it slow, in a sentence for whoever does not know networks. The first cause that holds is told. Pure. */
import { placeName, type SlowReport, type SlowStage, type Text } from '@netverdict/verdict';
import type { Followed } from './judge.ts';
import { lossOf, lossText, percentText } from './loss.ts';
import { UNREAD } from './slow-histograms.ts';

/** What nobody notices is not slow: a round trip within a data centre takes a millisecond or two, on a busy machine some more. */
const SLOW = { roundTripMs: 20, beyondMs: 50 } as const;
/** One lost packet of fifty is felt; less is chance in so few. */
const LOSS = 0.02;

interface Facts {
  readonly total: SlowReport['total'];
  /** Dearest first. */
  readonly stages: readonly SlowStage[];
  readonly followed: readonly Followed[];
}

const ms = (value: number): string => (value < 10 ? value.toFixed(1) : `${Math.round(value)}`);

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
  const share = percentText(dearest.share ?? 0);
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
