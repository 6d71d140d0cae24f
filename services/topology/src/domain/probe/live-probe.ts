/**
 * A live probe: the nodes of the path begin to follow, the source's agent sends, the nodes tell what they saw, and the judge compares it with what the
 * simulation expects. Whatever fails is said in the result: a verdict is never lost to its probe.
 *
 *   follow begin ─▶ agents of the path     probe ─▶ agent of the source     follow end ─▶ agents of the path ─▶ judge
 */
import { randomUUID } from 'node:crypto';
import type {
  CollectTarget,
  ExpectedTarget,
  FollowedEnd,
  FollowRequest,
  MeasuredHistogram,
  MeasureRequest,
  ProbeNeeded,
  ProbeRequest,
  Sighting,
} from '@netverdict/contracts';
import { hostKey, type NamespaceKey, netnsKey, podKey, type Snapshot } from '@netverdict/linux-net';
import type { FollowingNode, LiveProbe, Text } from '@netverdict/verdict';
import { type Bounds, boundsOf } from './bounds.ts';
import { followedOf, judge, type Observed } from './judge.ts';
import { slowReport } from './slow.ts';
import type { Measured } from './slow-histograms.ts';

/** The agents as a live probe needs them. All throw with a reason for people. */
export interface ProbingAgents {
  probe(node: string, request: ProbeRequest, timeoutMs: number): Promise<Observed['probed']>;
  follow(node: string, request: FollowRequest, timeoutMs: number): Promise<{ sightings: Sighting[]; lost: number }>;
  measure(node: string, request: MeasureRequest, timeoutMs: number): Promise<readonly MeasuredHistogram[]>;
}

interface LiveProbeOptions {
  readonly agents: ProbingAgents;
  readonly now: () => number;
  readonly onProgress: (message: string) => void;
}

interface Sender {
  readonly place: NamespaceKey;
  readonly node: string;
  readonly target: CollectTarget;
}

const FOLLOW_MS = 3000;
/** More nodes than these are not followed; a path has two or three. */
const MAX_NODES = 8;
/** What is still on its way when the last answer is there. */
const STRAGGLERS_MS = 50;
/** The agent's own time on top of the packets'. */
const PROBE_MARGIN_MS = 3000;

export const notMade = (reason: Text): LiveProbe => ({
  notMade: reason,
  agrees: null,
  attempts: 0,
  succeeded: 0,
  from: null,
  targets: [],
  nodes: [],
});

export async function liveProbe(asked: ProbeNeeded, options: LiveProbeOptions): Promise<LiveProbe> {
  const { verdict, request, expected } = asked;
  const { snapshot, flow } = verdict;
  const sender = senderOf(verdict.flow.source, snapshot);
  if (!('place' in sender)) return notMade(sender);
  const bounds = boundsOf(request, expected, Date.parse(asked.deadlineAt) - options.now());
  if ('en' in bounds) return notMade(bounds);
  const follow = `${verdict.diagnosisId}/${verdict.attempt}/${randomUUID()}`;
  const nodes = [...new Set([sender.node, ...snapshot.nodes.map(({ node }) => node)])].slice(0, MAX_NODES);
  const ends = endsOf(expected);
  const forMs = bounds.totalMs + 8000;
  const slow = typeof request.probe === 'object' && request.probe.slow === true;
  // Before the packets are followed: what is switched on may take a moment.
  const measuring = slow ? await Promise.all(nodes.map((node) => beginMeasuring(node, follow, forMs, options))) : [];
  const begun = await Promise.all(
    nodes.map((node) => beginOn(node, { operation: 'begin', follow, ends, forMs }, options)),
  );
  const total = bounds.attempts.reduce((sum, n) => sum + n, 0);
  options.onProgress(
    `sending ${total} real packets from ${sender.place} to ${expected.map((t) => t.label).join(', ')}`,
  );
  let probed: Observed['probed'] | Text;
  try {
    const body: ProbeRequest = {
      from: sender.target,
      targets: expected.map((target, i) => ({
        id: `t${i}`,
        protocol: target.protocol,
        address: target.address,
        port: target.port,
        sourcePort: request.sourcePort ?? null,
        attempts: bounds.attempts[i] ?? 1,
        sizeBytes: request.sizeBytes ?? null,
        dontFragment: flow.dontFragment,
      })),
      perSecond: bounds.perSecond,
      timeoutMs: bounds.timeoutMs,
      totalMs: bounds.totalMs,
      purpose: `diagnosis ${verdict.diagnosisId}`,
    };
    probed = await options.agents.probe(sender.node, body, bounds.totalMs + PROBE_MARGIN_MS);
    await new Promise((resolve) => setTimeout(resolve, STRAGGLERS_MS));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    probed = { en: `No packet was sent from ${sender.node}: ${why}`, zh: `未能从 ${sender.node} 发送数据包:${why}` };
  }
  const followed = await Promise.all(nodes.map((node, i) => endOn(node, follow, begun[i] ?? null, options)));
  const measured = slow ? await Promise.all(measuring.map((begun) => endMeasuring(begun, follow, options))) : null;
  if ('en' in probed) return notMade(probed);
  const observed: Observed = {
    expected,
    probed,
    from: sender.place,
    sightings: followed.map(({ node, sightings }) => ({ node, sightings })),
    nodes: followed.map(({ told }) => told),
    placeOf: placesOf(snapshot, sender, probed.netns),
    sizeBytes: request.sizeBytes ?? null,
  };
  const fewer = fewerText(request, bounds, probed.notMade);
  const live: LiveProbe = { ...judge(observed), ...(fewer === null ? {} : { fewer }) };
  if (measured === null) return live;
  const [asked0] = expected;
  const [followed0 = []] = followedOf(observed);
  const branches = asked0?.branches ?? [];
  const addresses = new Set([asked0?.address ?? '', ...branches.map(({ destination }) => destination.address)]);
  return {
    ...live,
    slow: slowReport({ followed: followed0, branches, measured, placeOf: observed.placeOf, addresses }),
  };
}

/** Nobody is to think that more was tried than was. */
function fewerText(
  { probe }: ProbeNeeded['request'],
  { attempts, perSecond, totalMs }: Pick<Bounds, 'attempts' | 'perSecond' | 'totalMs'>,
  notMade: number,
): Text | null {
  const wanted = typeof probe === 'object' ? probe.attempts : undefined;
  const least = Math.min(...attempts);
  const sent = attempts.reduce((sum, n) => sum + n, 0) - notMade;
  if (notMade === 0 && (wanted === undefined || least >= wanted)) return null;
  const all = wanted === undefined ? sent + notMade : wanted * attempts.length;
  return {
    en: `${sent} of ${all} packets were sent: ${perSecond} a second within ${totalMs / 1000} s leave no room for more.`,
    zh: `只发送了 ${all} 个数据包中的 ${sent} 个:每秒 ${perSecond} 个、共 ${totalMs / 1000} 秒,容纳不下更多。`,
  };
}

/** What gathers histograms of the stages; the dear ones run only meanwhile. */
const MEASURED = ['connects', 'connections', 'softirq', 'sockets', 'transmit', 'receive', 'dns'];

async function beginMeasuring(
  node: string,
  measure: string,
  forMs: number,
  { agents }: LiveProbeOptions,
): Promise<{ node: string; problem: string | null }> {
  try {
    await agents.measure(node, { operation: 'begin', measure, probes: MEASURED, forMs }, FOLLOW_MS);
    return { node, problem: null };
  } catch (error) {
    return { node, problem: error instanceof Error ? error.message : String(error) };
  }
}

async function endMeasuring(
  { node, problem }: { node: string; problem: string | null },
  measure: string,
  { agents }: LiveProbeOptions,
): Promise<Measured> {
  if (problem !== null) return { node, problem, histograms: [] };
  try {
    const histograms = await agents.measure(node, { operation: 'end', measure }, FOLLOW_MS);
    return { node, problem: null, histograms };
  } catch (error) {
    return { node, problem: error instanceof Error ? error.message : String(error), histograms: [] };
  }
}

function senderOf(source: ProbeNeeded['verdict']['flow']['source'], snapshot: Snapshot): Sender | Text {
  if (source.kind === 'external')
    return {
      en: `A probe needs a pod or a node as its source; ${source.address} is neither.`,
      zh: `探测需要以 Pod 或节点为源;${source.address} 两者都不是。`,
    };
  const place = source.namespace;
  for (const { node } of snapshot.nodes) {
    if (place === hostKey(node)) return { place, node, target: { kind: 'host' } };
    const pod = podKey(node, '', '').slice(0, -1);
    if (!place.startsWith(pod)) continue;
    const [namespace = '', name = ''] = place.slice(pod.length).split('/');
    return { place, node, target: { kind: 'pod', namespace, name } };
  }
  return {
    en: `A probe needs a pod or a node as its source; ${place} is on none of the nodes that were read.`,
    zh: `探测需要以 Pod 或节点为源;${place} 不在任何已采集的节点上。`,
  };
}

/** Servers' ends, before and after translation. */
function endsOf(expected: readonly ExpectedTarget[]): FollowedEnd[] {
  const ends = new Map<string, FollowedEnd>();
  for (const { protocol, address, port, branches } of expected)
    for (const end of [{ address, port }, ...branches.map(({ destination }) => destination)])
      ends.set(`${end.address} ${end.port}`, {
        protocol,
        address: end.address,
        port: protocol === 'icmp' ? null : end.port,
      });
  return [...ends.values()].slice(0, 64);
}

/** @returns why not, or null */
async function beginOn(node: string, request: FollowRequest, { agents }: LiveProbeOptions): Promise<string | null> {
  try {
    await agents.follow(node, request, FOLLOW_MS);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function endOn(
  node: string,
  follow: string,
  problem: string | null,
  { agents }: LiveProbeOptions,
): Promise<{ node: string; sightings: readonly Sighting[]; told: FollowingNode }> {
  if (problem !== null) return { node, sightings: [], told: { node, problem, sightings: 0, lost: 0 } };
  try {
    const { sightings, lost } = await agents.follow(node, { operation: 'end', follow }, FOLLOW_MS);
    return { node, sightings, told: { node, problem: null, sightings: sightings.length, lost } };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { node, sightings: [], told: { node, problem: why, sightings: 0, lost: 0 } };
  }
}

/** Namespaces by node and inode, as the snapshot names them. */
function placesOf(
  snapshot: Snapshot,
  sender: Sender,
  senderInode: number,
): (node: string, inode: number) => NamespaceKey {
  const keys = new Map<string, NamespaceKey>();
  for (const { node, namespaces } of snapshot.nodes)
    for (const { inode, key } of namespaces) if (inode !== 0) keys.set(`${node} ${inode}`, key);
  keys.set(`${sender.node} ${senderInode}`, sender.place);
  return (node, inode) => keys.get(`${node} ${inode}`) ?? netnsKey(node, inode);
}
