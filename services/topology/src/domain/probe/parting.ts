/** Where the simulation and a packet part ways: the hop, what was simulated there, and what was seen. Pure. */
import type { ExpectedBranch } from '@netverdict/contracts';
import type { NamespaceKey } from '@netverdict/linux-net';
import { type Parting, placeName, type Text } from '@netverdict/verdict';
import type { Followed } from './judge.ts';
import type { Seen } from './seen.ts';

export function partsAt(one: Followed, fates: readonly ExpectedBranch[], from: NamespaceKey): Parting {
  const works = one.attempt.outcome === 'connected' || one.attempt.outcome === 'answered';
  return works ? wentOn(one, fates) : stopped(one, fates, from);
}

/** The simulation ends it, the packet went on. */
function wentOn({ seen, attempt }: Followed, fates: readonly ExpectedBranch[]): Parting {
  const fate = fates.find(({ outcome }) => outcome === 'unreachable') ?? fates[0];
  const hop = fate?.hops.at(-1);
  const place = hop?.place ?? '';
  const direction = hop?.direction ?? 'forward';
  const after = seen.find((s) => s.place === place && s.direction === direction && s.point === 'sent');
  const way: Text =
    after === undefined
      ? { en: '', zh: '' }
      : {
          en: ` It left there by ${after.device ?? 'a device'}.`,
          zh: ` 它从那里经 ${after.device ?? '某设备'} 发出。`,
        };
  const rtt = attempt.rttMs === null ? '' : `${attempt.rttMs.toFixed(1)} ms`;
  return {
    place,
    direction,
    simulated: {
      en: `it ends here (${fate?.disposition ?? ''}${fate?.stop ? `: ${fate.stop}` : ''})`,
      zh: `在此终止(${fate?.disposition ?? ''}${fate?.stop ? `:${fate.stop}` : ''})`,
    },
    seen: {
      en: `the packet passed and was answered after ${rtt}.${way.en}`,
      zh: `数据包通过了,并在 ${rtt} 后得到回应。${way.zh}`,
    },
  };
}

/** The packet ends somewhere, and the simulation has it go on, or end elsewhere. */
function stopped({ seen, attempt }: Followed, fates: readonly ExpectedBranch[], from: NamespaceKey): Parting {
  const fate = fates.find(({ outcome }) => outcome === 'reachable') ?? fates[0];
  const hops = fate?.hops ?? [];
  const at = (s: Pick<Seen, 'place' | 'direction'>): number =>
    hops.findIndex((hop) => hop.place === s.place && hop.direction === s.direction);
  const ending =
    seen.find(({ point }) => point === 'dropped') ??
    seen.find(({ icmp }) => icmp !== undefined) ??
    (attempt.outcome === 'refused' ? seen.find((s) => s.direction === 'reply') : undefined) ??
    seen.reduce<Seen | undefined>((last, s) => (last === undefined || at(s) >= at(last) ? s : last), undefined);
  const place = ending?.place ?? from;
  const direction = ending?.direction ?? 'forward';
  return { place, direction, simulated: goesOn(hops, place, direction, fate), seen: saw(ending, attempt) };
}

function goesOn(
  hops: ExpectedBranch['hops'],
  place: NamespaceKey,
  direction: 'forward' | 'reply',
  fate: ExpectedBranch | undefined,
): Text {
  if (fate !== undefined && fate.outcome !== 'reachable') {
    const end = placeName(hops.at(-1)?.place ?? '');
    const why = fate.stop ?? fate.disposition;
    return { en: `it ends in ${end} (${why})`, zh: `在 ${end} 终止(${why})` };
  }
  const at = hops.findIndex((hop) => hop.place === place && hop.direction === direction);
  if (at < 0) return { en: 'the packet does not come here', zh: '数据包不会到达此处' };
  const next = hops[at + 1];
  if (next === undefined || next.direction !== direction)
    return direction === 'forward'
      ? { en: 'it is taken here and answered', zh: '在此被接收并得到回应' }
      : { en: 'the answer is taken here', zh: '回应在此被接收' };
  return { en: `it goes on to ${placeName(next.place)}`, zh: `继续发往 ${placeName(next.place)}` };
}

/** The connection stands: only what is big is lost. */
const notAcknowledged = (packetBytes = 0): Text => ({
  en: `the connection stands, but its data, in packets of ${packetBytes} bytes, was not acknowledged`,
  zh: `连接已建立,但以 ${packetBytes} 字节的数据包发送的数据未被确认`,
});

function saw(ending: Seen | undefined, { outcome, errno, icmp, packetBytes }: Followed['attempt']): Text {
  const by = errno === undefined ? '' : ` (${errno})`;
  const error = icmp === undefined ? '' : ` by ICMP ${icmp.type}/${icmp.code} from ${icmp.from}`;
  const felt: Text =
    outcome === 'silent'
      ? { en: 'nothing came back', zh: '没有任何回应' }
      : outcome === 'not-acknowledged'
        ? notAcknowledged(packetBytes)
        : { en: `the sender got ${outcome}${by}${error}`, zh: `发送方得到 ${outcome}${by}${error}` };
  if (ending === undefined) return { en: `no node saw the packet; ${felt.en}`, zh: `没有节点看到该数据包;${felt.zh}` };
  const device = ending.device === null ? '' : ` ${ending.device}`;
  if (ending.point === 'dropped') {
    const where = [ending.function, ending.hook && `hook ${ending.hook}`].filter(Boolean).join(', ');
    const why = `${ending.reason ?? ''}${where === '' ? '' : ` (${where})`}`;
    return {
      en: `the kernel dropped it at${device}: ${why}; ${felt.en}`,
      zh: `内核在${device} 处丢弃:${why};${felt.zh}`,
    };
  }
  if (ending.icmp !== undefined)
    return {
      en: `an ICMP error ${ending.icmp.type}/${ending.icmp.code} was ${ending.point} here${device}; ${felt.en}`,
      zh: `此处${device} ${ending.point} ICMP 错误 ${ending.icmp.type}/${ending.icmp.code};${felt.zh}`,
    };
  return {
    en: `it was last seen here, ${ending.point}${device}${ending.tcpFlags?.includes('RST') ? ' as a reset' : ''}; ${felt.en}`,
    zh: `最后在此看到(${ending.point}${device});${felt.zh}`,
  };
}
