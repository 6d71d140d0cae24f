/**
 * Follows packets of live probes on this node, by the sidecar's probe `follow`, which runs only meanwhile. Several may be under way; each
 * has a slot, gets what it asked for, and ends by itself when nobody ends it.
 */
import type { FollowedEnd, Sighting } from '@netverdict/contracts';
import type { Dictionary, WatchFrame } from '../watch/frames.ts';
import { hookOf } from '../watch/netfilter-hooks.ts';
import { FOLLOW_PROBE, type Sighted } from '../watch/records.ts';
import type { KernelWatch } from '../watch/watch.ts';

export interface Follower {
  /** Returns when it is in force. @throws when the kernel cannot, or too many are under way */
  begin(name: string, ends: readonly FollowedEnd[], forMs: number): Promise<void>;
  /** @throws when there is no such follow, or the sidecar was away meanwhile */
  end(name: string): Promise<{ readonly sightings: readonly Sighting[]; readonly lost: number }>;
}

interface Session {
  readonly slot: number;
  readonly seen: Sighted[];
  /** What the kernel had lost before. */
  readonly lostBefore: number;
  /** Found no room here. */
  dropped: number;
  /** Why what it saw is not whole. */
  problem: string | null;
  following: boolean;
  /** The probe has run for it: a restart of the sidecar loses something. */
  inForce: boolean;
  timer: NodeJS.Timeout | undefined;
}

const SLOTS = 32;
const MOST_SIGHTINGS = 10_000;
/** What was seen is kept so long for an asker that is late. */
const KEEP_MS = 15_000;

type Watch = Pick<KernelWatch, 'command' | 'listen' | 'ownNamespaces'>;

export function followerOf(watch: Watch, log: { warn(fields: object, message: string): void }): Follower {
  const sessions = new Map<string, Session>();
  const names: Record<Dictionary, Map<bigint, string>> = {
    'drop-reason': new Map(),
    function: new Map(),
    'reset-reason': new Map(),
    'dns-name': new Map(),
  };
  let lost = 0;
  let offsetNs = 0n;
  /** Commands of one follow are not mixed with another's. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  };

  watch.listen((frame: WatchFrame) => {
    offsetNs = frame.bootOffsetNs;
    switch (frame.type) {
      case 'hello':
        names.function.clear();
        lost = 0;
        for (const session of sessions.values())
          if (session.inForce) session.problem = 'the eBPF sidecar was restarted meanwhile';
        return;
      case 'dictionary':
        for (const [id, name] of frame.names) names[frame.dictionary].set(id, name);
        return;
      case 'counters': {
        const own = frame.counters.find(({ probe }) => probe === FOLLOW_PROBE);
        if (own !== undefined) lost = own.samplesLost + own.missed;
        return;
      }
      case 'sightings':
        for (const sighted of frame.sightings)
          for (const session of sessions.values()) {
            if (!session.following || ((sighted.slots >>> session.slot) & 1) === 0) continue;
            if (session.seen.length < MOST_SIGHTINGS) session.seen.push(sighted);
            else session.dropped++;
          }
        return;
      case 'status':
      case 'reply':
      case 'samples':
      case 'aggregates':
      case 'flows':
      case 'histograms':
      case 'window':
        return;
    }
  });

  async function stopFollowing(session: Session): Promise<void> {
    if (!session.following) return;
    await watch.command('flush'); // what the kernel has seen until now comes out first
    session.following = false;
    await watch.command(`unfollow ${session.slot}`);
    if (![...sessions.values()].some(({ following }) => following)) await watch.command('off follow');
  }

  return {
    begin: (name, ends, forMs) =>
      inTurn(async () => {
        if (sessions.has(name)) throw new Error(`${name} is followed already`);
        const taken = new Set([...sessions.values()].map(({ slot }) => slot));
        const slot = Array.from({ length: SLOTS }, (_, i) => i).find((i) => !taken.has(i));
        if (slot === undefined) throw new Error(`${SLOTS} live probes are followed on this node already`);
        const session: Session = {
          slot,
          seen: [],
          lostBefore: lost,
          dropped: 0,
          problem: null,
          following: true,
          inForce: false,
          timer: undefined,
        };
        sessions.set(name, session);
        try {
          for (const { protocol, address, port } of ends)
            await watch.command(`follow ${slot} ${protocol} ${address} ${port ?? 0}`);
          await watch.command('on follow');
          session.inForce = true;
        } catch (error) {
          // What went wrong first is told, not that this follows from it.
          await watch.command(`unfollow ${slot}`).catch(() => {});
          sessions.delete(name);
          throw error;
        }
        session.timer = setTimeout(() => {
          inTurn(() => stopFollowing(session)).catch((err: unknown) =>
            log.warn({ err, name }, 'a follow that nobody ended could not be ended'),
          );
          session.timer = setTimeout(() => sessions.delete(name), KEEP_MS).unref();
        }, forMs).unref();
      }),
    end: (name) =>
      inTurn(async () => {
        const session = sessions.get(name);
        if (session === undefined) throw new Error(`${name} is not followed here`);
        try {
          await stopFollowing(session);
        } finally {
          clearTimeout(session.timer);
          sessions.delete(name);
        }
        if (session.problem !== null) throw new Error(session.problem);
        const own = await watch.ownNamespaces(new Set(session.seen.map(({ key }) => key.netns)));
        return {
          sightings: session.seen
            .filter(({ key }) => own(key.netns))
            .map((s) => sightingOf(s, names, offsetNs))
            .filter((s) => !isEndOfEcho(s)),
          lost: session.dropped + Math.max(0, lost - session.lostBefore),
        };
      }),
  };
}

/** The answer to an echo went to the raw socket that waits for it as a copy; the packet itself finds no other socket, and that is its end. */
const isEndOfEcho = (s: Sighting): boolean =>
  s.answer && s.icmp === undefined && (s.protocol === 1 || s.protocol === 58) && s.reason === 'NO_SOCKET';

const FLAGS = [
  [2, 'SYN'],
  [4, 'RST'],
  [1, 'FIN'],
  [16, 'ACK'],
] as const;

function sightingOf(
  s: Sighted,
  names: Readonly<Record<Dictionary, ReadonlyMap<bigint, string>>>,
  offsetNs: bigint,
): Sighting {
  const { key } = s;
  const stack = s.stack.flatMap((address) => names.function.get(address) ?? []);
  const hook = hookOf(stack);
  const within = key.location === 0n ? undefined : names.function.get(key.location);
  return {
    atMs: Number((s.atNs + offsetNs) / 1000n) / 1000,
    netns: key.netns,
    device: s.device,
    point: s.point,
    protocol: key.protocol,
    source: key.source.address ?? '',
    sourcePort: key.source.port,
    destination: key.destination.address ?? '',
    destinationPort: key.destination.port,
    signature: s.signature.toString(16).padStart(16, '0'),
    answer: s.answer,
    ...(s.tcpFlags === 0 || s.quoted
      ? {}
      : { tcpFlags: FLAGS.flatMap(([bit, name]) => (s.tcpFlags & bit ? [name] : [])).join(',') }),
    ...(s.data ? { data: true } : {}),
    ...(s.encapsulated ? { encapsulated: true } : {}),
    ...(s.quoted ? { icmp: { type: key.detail >> 8, code: key.detail & 0xff } } : {}),
    ...(s.point === 'dropped' ? { reason: names['drop-reason'].get(BigInt(key.reason)) ?? `${key.reason}` } : {}),
    ...(s.point === 'dropped' && within !== undefined ? { function: within } : {}),
    ...(hook === null ? {} : { hook }),
  };
}
