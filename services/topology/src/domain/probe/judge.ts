/** Compares what real packets did with what the simulation expects of them, attempt by attempt. Pure. */
import type { ExpectedBranch, ExpectedTarget, ProbeAttempt, Sighting } from '@netverdict/contracts';
import type { NamespaceKey } from '@netverdict/linux-net';
import type { FollowingNode, LiveProbe, Parting, ProbedTarget, Text } from '@netverdict/verdict';
import { icmpOf, outcomesOf, percentilesOf } from './counts.ts';
import { partsAt } from './parting.ts';
import { type Seen, seenOf, signatureOf, summaryOf } from './seen.ts';

export interface Observed {
  readonly expected: readonly ExpectedTarget[];
  readonly probed: { readonly netns: number; readonly attempts: readonly ProbeAttempt[]; readonly notMade: number };
  /** The sender's namespace. */
  readonly from: NamespaceKey;
  readonly sightings: readonly { readonly node: string; readonly sightings: readonly Sighting[] }[];
  readonly nodes: readonly FollowingNode[];
  readonly placeOf: (node: string, inode: number) => NamespaceKey;
  /** The size that was asked about; null: none was. */
  readonly sizeBytes: number | null;
}

/** One attempt with all that was seen of it. */
export interface Followed {
  readonly attempt: ProbeAttempt;
  readonly seen: readonly Seen[];
  /** The data over a connection, as far as it was followed. */
  readonly data: readonly Seen[];
}

type Opinion = { readonly agrees: true | null } | { readonly agrees: false; readonly parting: Parting };

export function judge(observed: Observed): LiveProbe {
  const followed = followedOf(observed);
  const targets = observed.expected.map((expected, i) => judgeTarget(expected, followed[i] ?? [], observed));
  const opinions = targets.map(({ agrees }) => agrees);
  return {
    notMade: null,
    agrees: opinions.includes(false) ? false : opinions.includes(true) ? true : null,
    attempts: targets.reduce((sum, { attempts }) => sum + attempts, 0),
    succeeded: targets.reduce((sum, { succeeded }) => sum + succeeded, 0),
    from: observed.from,
    targets,
    nodes: observed.nodes,
  };
}

/** The attempts to each target, with what was seen of them. */
export function followedOf(observed: Observed): Followed[][] {
  const all = seenOf(observed, 'the rest');
  const data = seenOf(observed, 'data');
  return observed.expected.map((expected, i) =>
    observed.probed.attempts
      .filter(({ target }) => target === `t${i}`)
      .map((attempt): Followed => {
        const signature = signatureOf(attempt, expected, all);
        const of = (sightings: typeof all): readonly Seen[] =>
          signature === null ? [] : (sightings.get(signature) ?? []);
        return { attempt, seen: of(all), data: of(data) };
      }),
  );
}

/** A connection that stands, with packets smaller than was asked about: they say nothing of the larger ones. */
const tooSmall = ({ outcome, packetBytes = 0, token }: ProbeAttempt, sizeBytes: number | null): boolean =>
  sizeBytes !== null && outcome === 'connected' && token === undefined && packetBytes < sizeBytes;

/** It stood, and was reset before its data was acknowledged: a server that wants nobody to talk so. */
const brokenOff = ({ outcome, rttMs }: ProbeAttempt): boolean => outcome === 'reset' && rttMs !== null;

const succeeded = ({ outcome }: ProbeAttempt): boolean => outcome === 'connected' || outcome === 'answered';

function judgeTarget(expected: ExpectedTarget, followed: readonly Followed[], observed: Observed): ProbedTarget {
  const { kind, label, protocol, address, port, branches } = expected;
  const attempts = followed.map(({ attempt }) => attempt);
  const good = attempts.filter(succeeded);
  const opinions = followed.map((one) => opinionOn(one, expected, observed));
  const parting = opinions.find((opinion) => opinion.agrees === false);
  const agrees = parting ? false : opinions.some((opinion) => opinion.agrees === true) ? true : null;
  return {
    kind,
    label,
    protocol,
    address,
    port,
    attempts: attempts.length,
    succeeded: good.length,
    loss: attempts.length === 0 ? 0 : 1 - good.length / attempts.length,
    rttMs: percentilesOf(good.flatMap(({ rttMs }) => rttMs ?? [])),
    outcomes: outcomesOf(attempts),
    icmp: icmpOf(attempts),
    simulated: {
      outcomes: [...new Set(branches.map(({ outcome }) => outcome))],
      dispositions: [...new Set(branches.map(({ disposition }) => disposition))],
    },
    agrees,
    note: noteOn(expected, followed, agrees, observed),
    parting: parting?.agrees === false ? parting.parting : null,
    seen: summaryOf(followed, branches),
  };
}

/** The fates that are possible for this very packet: of a Service those of the backend that it was seen to be sent to. */
function fatesOf({ seen }: Followed, { branches, address, port }: ExpectedTarget): readonly ExpectedBranch[] {
  const forward = seen.filter((s) => s.direction === 'forward');
  const translated = forward.findLast((s) => s.destination !== address || s.destinationPort !== port);
  if (translated === undefined) return branches;
  const there = branches.filter(
    ({ destination }) =>
      destination.address === translated.destination && destination.port === translated.destinationPort,
  );
  return there.length > 0 ? there : branches;
}

/** A datagram that nobody answered was still taken where it is expected to end, as far as was seen. */
function arrived({ attempt, seen }: Followed, fates: readonly ExpectedBranch[]): boolean {
  if (attempt.outcome !== 'silent' || attempt.token === undefined) return false;
  if (seen.some(({ point, icmp }) => point === 'dropped' || icmp)) return false;
  const ends = fates.map(({ hops }) => hops.findLast(({ direction }) => direction === 'forward')?.place);
  return seen.some((s) => s.direction === 'forward' && ends.includes(s.place));
}

function opinionOn(given: Followed, expected: ExpectedTarget, { from, sizeBytes }: Observed): Opinion {
  const { attempt } = given;
  if (attempt.outcome === 'error' || brokenOff(attempt)) return { agrees: null };
  // What did not come through is the data, not the connection's beginning.
  const one = attempt.outcome === 'not-acknowledged' && given.data.length > 0 ? { ...given, seen: given.data } : given;
  const { seen } = one;
  const fates = fatesOf(one, expected);
  const can = (outcome: ExpectedBranch['outcome']): boolean => fates.some((fate) => fate.outcome === outcome);
  if (fates.length === 0) return { agrees: null };
  if (succeeded(attempt)) {
    if (can('reachable')) return { agrees: true };
    if (can('undetermined')) return { agrees: null };
    if (tooSmall(attempt, sizeBytes) && fates.some(({ disposition }) => disposition === 'too-big'))
      return { agrees: null };
    return { agrees: false, parting: partsAt(one, fates, from) };
  }
  if (can('unreachable'))
    return endsElsewhere(seen, fates) ? { agrees: false, parting: partsAt(one, fates, from) } : { agrees: true };
  if (can('undetermined')) return { agrees: null };
  if (arrived(one, fates)) return { agrees: true };
  // Without followers nobody knows whether a datagram was lost, or is not answered by the process.
  if (attempt.outcome === 'silent' && expected.protocol === 'udp' && seen.length === 0) return { agrees: null };
  return { agrees: false, parting: partsAt(one, fates, from) };
}

/** Both fail, but a node saw the packet dropped in a namespace where no expected fate ends. */
function endsElsewhere(seen: readonly Seen[], fates: readonly ExpectedBranch[]): boolean {
  const drops = seen.filter(({ point }) => point === 'dropped');
  if (drops.length === 0) return false;
  const ends = new Set(
    fates
      .filter(({ outcome }) => outcome !== 'reachable')
      .flatMap(({ hops }) => [hops.at(-1)?.place, hops.findLast(({ direction }) => direction === 'forward')?.place]),
  );
  return !drops.some(({ place }) => ends.has(place));
}

function noteOn(
  expected: ExpectedTarget,
  followed: readonly Followed[],
  agrees: boolean | null,
  { sizeBytes, nodes }: Observed,
): Text | null {
  if (followed.length === 0) return { en: 'there was no time for an attempt', zh: '没有时间进行尝试' };
  const silent = followed.filter((one) => arrived(one, expected.branches));
  if (agrees === true && silent.length > 0)
    return {
      en: `${silent.length} datagrams arrived and were not answered: whether the process answers is its own affair`,
      zh: `${silent.length} 个数据报已到达但没有回应:是否回应由进程决定`,
    };
  const small = followed.filter(({ attempt }) => tooSmall(attempt, sizeBytes));
  if (small.length > 0 && agrees !== false) return sizeNote(small, sizeBytes ?? 0);
  if (followed.some(({ attempt }) => brokenOff(attempt)))
    return {
      en: 'the server broke the connection off before data was acknowledged: the size asked about was not tried',
      zh: '服务器在数据被确认之前断开了连接:未测试所询问的大小',
    };
  if (agrees !== null) return null;
  if (followed.every(({ attempt }) => attempt.outcome === 'error'))
    return {
      en: `the attempts could not be made (${followed[0]?.attempt.errno ?? 'error'})`,
      zh: `无法进行尝试(${followed[0]?.attempt.errno ?? 'error'})`,
    };
  if (expected.branches.some(({ outcome }) => outcome === 'undetermined'))
    return { en: 'the simulation itself is undetermined', zh: '模拟本身未能确定' };
  const problem = nodes.find((node) => node.problem !== null);
  if (problem)
    return {
      en: `nothing was answered, and ${problem.node} could not follow (${problem.problem})`,
      zh: `没有任何回应,且 ${problem.node} 无法跟踪(${problem.problem})`,
    };
  return { en: 'simulation and packets cannot be compared', zh: '模拟与数据包无法比较' };
}

function sizeNote(small: readonly Followed[], sizeBytes: number): Text {
  const most = Math.max(...small.map(({ attempt }) => attempt.packetBytes ?? 0));
  if (most === 0)
    return {
      en: 'a connection was tried, whose packets have their own size: the size asked about was not',
      zh: '只尝试了建立连接,其数据包大小固定:未测试所询问的大小',
    };
  return {
    en: `the connection's data went in packets of up to ${most} bytes: ${sizeBytes} were not tried`,
    zh: `连接的数据以最大 ${most} 字节的数据包发送:未测试 ${sizeBytes} 字节`,
  };
}
