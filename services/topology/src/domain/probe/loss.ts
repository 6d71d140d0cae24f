/** Which packets were lost, how many, and where, by what was seen of those that came through. Pure. */
import { placeName, type Text } from '@netverdict/verdict';
import type { Followed } from './judge.ts';

type Sighting = Followed['seen'][number];

/** The network let something through in return. */
const ANSWERED: ReadonlySet<string> = new Set(['connected', 'answered', 'refused', 'reset']);

interface Loss {
  readonly share: number;
  readonly lost: number;
  readonly sent: number;
  /** The places between which most of them were lost, or the one that saw them last; null where they could not be followed. */
  readonly where: Where | null;
  /** What was sent to in vain only. */
  readonly broken: readonly { readonly address: string; readonly sent: number }[];
}
type Where = readonly [last: string] | readonly [from: string, to: string];

/** A packet that had to be sent again, or that nobody answered: either way one was lost. */
export function lossOf(followed: readonly Followed[]): Loss | null {
  if (followed.length === 0) return null;
  let lost = 0;
  const places = new Map<string, { readonly where: Where; count: number }>();
  for (const one of followed) {
    const answered = ANSWERED.has(one.attempt.outcome);
    if (answered && !sentAgain(one)) continue;
    const where = whereLost(one, followed);
    // Sent again while it was on its way, and seen everywhere as often as it was sent: late, not lost.
    if (answered && where === null && followed.some(cameThrough)) continue;
    lost++;
    if (where === null) continue;
    const known = places.get(where.join(' '));
    if (known) known.count++;
    else places.set(where.join(' '), { where, count: 1 });
  }
  const [most] = [...places.values()].sort((a, b) => b.count - a.count);
  const where = most?.where ?? null;
  return { share: lost / followed.length, lost, sent: followed.length, where, broken: brokenOf(followed) };
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

const isPacket = ({ point, icmp }: Sighting): boolean => point !== 'dropped' && icmp === undefined;
const lastForward = ({ seen }: Followed): Sighting | undefined =>
  seen.findLast((s) => s.direction === 'forward' && isPacket(s));

/** Where it was headed in the end: packets to a Service part, and each backend's take another way. null: it was not seen. */
function targetOf(one: Followed): string | null {
  const last = lastForward(one);
  if (last === undefined) return null;
  const { destination, destinationPort } = last;
  return `${destination.includes(':') ? `[${destination}]` : destination}:${destinationPort}`;
}

const name = ({ place, device }: Sighting): string => `${placeName(place)} ${device ?? ''}`.trim();
const spot = (s: Sighting): string => `${s.place} ${s.device} ${s.point} ${s.direction} ${s.encapsulated ?? false}`;

/**
 * Compared with a packet to the same target that came through at once: the first place that saw fewer copies of this one than were
 * sent. Of the way back as well, since an answer that is lost makes its question go out again. Where none came through, the last
 * place that saw it is all that can be told.
 */
function whereLost(one: Followed, followed: readonly Followed[]): Where | null {
  const target = targetOf(one);
  const good = followed.find((other) => cameThrough(other) && targetOf(other) === target);
  if (good === undefined) {
    const last = lastForward(one);
    return last === undefined ? null : [name(last)];
  }
  const way = good.seen.filter(isPacket);
  const ordered = [
    ...way.filter(({ direction }) => direction === 'forward'),
    ...way.filter(({ direction }) => direction === 'reply'),
  ];
  const copies = (at: Sighting): number => one.seen.filter((s) => spot(s) === spot(at)).length;
  const [start] = ordered;
  if (start === undefined) return null;
  const sent = copies(start);
  for (const [i, at] of ordered.entries()) {
    const before = ordered[i - 1];
    if (before !== undefined && copies(at) < sent) return [name(before), name(at)];
  }
  return null;
}

/** Once may be chance. */
const OFTEN = 2;

function brokenOf(followed: readonly Followed[]): Loss['broken'] {
  const targets = new Map<string, { sent: number; answered: number }>();
  for (const one of followed) {
    const target = targetOf(one);
    if (target === null) continue;
    const known = targets.get(target) ?? { sent: 0, answered: 0 };
    known.sent++;
    if (ANSWERED.has(one.attempt.outcome)) known.answered++;
    targets.set(target, known);
  }
  return [...targets].flatMap(([address, { sent, answered }]) =>
    answered === 0 && sent >= OFTEN ? [{ address, sent }] : [],
  );
}

export const percentText = (share: number): string => `${Math.max(1, Math.round(share * 100))} %`;

function whereText(where: Where | null): Text {
  if (where === null) return { en: 'on the way (where could not be followed)', zh: '在途中丢失(无法跟踪位置)' };
  const [from, to] = where;
  return to === undefined
    ? { en: `after ${from}, which saw them last`, zh: `在 ${from} 之后丢失(最后在那里看到)` }
    : { en: `between ${from} and ${to}`, zh: `在 ${from} 与 ${to} 之间丢失` };
}

export function lossText({ share, lost, sent, where, broken }: Loss): Text {
  const place = whereText(where);
  const vain = broken.map((one) => ({
    en: ` None of the ${one.sent} to ${one.address} was answered: that is broken, not slow, and netverdict diagnose tells why.`,
    zh: `发往 ${one.address} 的 ${one.sent} 个都没有回应:这不是慢,而是不通,请用 netverdict diagnose 查明原因。`,
  }));
  return {
    en: `Packets are lost ${place.en}: ${lost} of ${sent} (${percentText(share)}) had to be sent again or were not answered, and each such wait is a second or more.${vain.map(({ en }) => en).join('')}`,
    zh: `数据包${place.zh}:${sent} 个中有 ${lost} 个(${percentText(share)})需要重传或没有回应,每次都要多等一秒以上。${vain.map(({ zh }) => zh).join('')}`,
  };
}
