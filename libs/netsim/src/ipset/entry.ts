/** What a set keeps with a member, as far as it can change the answer (ip_set_match_extensions, net/netfilter/ipset/ip_set_core.c). */
import type { IpSetMember } from '@netverdict/linux-net';
import type { Membership } from './probe.ts';

/** A member with no more time left than this may be gone by the time that the answer is read. */
const EXPIRES_SOON_SECONDS = 10;

export interface Entry {
  readonly nomatch: boolean;
  readonly secondsLeft: number | null;
}

const PLAIN: Entry = { nomatch: false, secondsLeft: null };
const EXCEPTION: Entry = { nomatch: true, secondsLeft: null };

/** Shared where nothing tells two members apart: a set may hold tens of thousands. */
export function entryOf({ nomatch, timeoutSeconds }: IpSetMember): Entry {
  // A timeout of 0 is none.
  if (timeoutSeconds === null || timeoutSeconds === 0) return nomatch ? EXCEPTION : PLAIN;
  return { nomatch, secondsLeft: timeoutSeconds };
}

/** `countersDecide`: the rule asks for packets or bytes, and the set counts them; how many there will be nobody has collected. */
export function answerOf(entry: Entry, name: string, countersDecide: boolean): Membership {
  if (entry.secondsLeft !== null && entry.secondsLeft <= EXPIRES_SOON_SECONDS)
    return { unknown: `a member of set ${name} that expires in ${entry.secondsLeft} s` };
  if (countersDecide) return { unknown: `the counters of a member of set ${name}` };
  return entry.nomatch ? 'nomatch' : 'in';
}
