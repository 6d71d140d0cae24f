/** kube-proxy's packet-flow questions: a packet through the hooks of a node that has its rules. */
import { type Family, formatIp, ifIndex, ip, type NetnsState, PROTOCOL_NUMBERS } from '@netverdict/linux-net';
import { NO_DEVICES } from '../netfilter/context.ts';
import { runHook } from '../netfilter/hook.ts';
import type { Hook } from '../netfilter/hooks.ts';
import { type Packet, TCP } from '../packet/packet.ts';
import { addressType } from '../route/lookup.ts';
import { Walk } from '../walk/walk.ts';
import type { World } from '../world/world.ts';
import { address, cluster, emptyState, known, link, route } from './cluster.ts';
import { A1, flow, HOST1 } from './flows.ts';
import { SYN } from './packets.ts';

export interface Question {
  readonly name: string;
  readonly sourceIP: string;
  readonly destIP: string;
  readonly destPort: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly hook: string;
  readonly expected: { readonly dnatTo: readonly string[]; readonly masq: boolean; readonly verdict: string | null };
}

/** A node with these addresses on eth0, and its rules. */
export function nodeWith(nodeIPs: readonly string[], rules: Partial<NetnsState>): World {
  const own = nodeIPs.filter((a) => !a.includes(':'));
  const state = emptyState({
    ...rules,
    links: known([link(1, 'lo', { kind: 'loopback' }), link(2, 'eth0', { kind: 'physical' })]),
    addresses: known(own.map((a) => address(2, `${a}/24`))),
    routes4: known([...own.map((a) => route(`${a}/32`, 2, { table: 255, type: 'local' })), route('0.0.0.0/0', 2)]),
  });
  return cluster({ edit: { [HOST1]: () => state } });
}

function packetOf(q: Question): Packet {
  const family: Family = 'ipv4';
  const protocol = { TCP: PROTOCOL_NUMBERS.tcp, UDP: PROTOCOL_NUMBERS.udp, SCTP: PROTOCOL_NUMBERS.sctp }[q.protocol];
  return {
    ...SYN,
    family,
    protocol,
    source: ip(q.sourceIP),
    destination: ip(q.destIP),
    dport: q.destPort,
    tcpFlags: q.protocol === 'TCP' ? TCP.SYN : 0,
  };
}

/** One way of chance through the hooks: where it is sent, whether it is masqueraded, what stopped it. */
function pass(world: World, q: Question, prefix: readonly number[]) {
  const ns = world.namespaces.get(HOST1);
  if (!ns) throw new Error('no node');
  const eth0 = ns.net.linkByIndex.get(ifIndex(2)) ?? null;
  const walk = new Walk(world, flow(A1, '192.0.2.1:1'), prefix);
  let packet = packetOf(q);
  let verdict: string | null = null;
  const through = (hook: Hook): boolean => {
    const incoming = hook === 'PREROUTING' || hook === 'INPUT' || hook === 'FORWARD';
    const outgoing = hook === 'OUTPUT' || hook === 'POSTROUTING' || hook === 'FORWARD';
    const devices = { ...NO_DEVICES, iif: incoming ? eth0 : null, oif: outgoing ? eth0 : null };
    const result = runHook({ walk, ns, hook, devices }, packet);
    if (result.ok) packet = result.packet;
    else if (result.next.do === 'end') verdict = result.next.stop?.cause.kind.endsWith('-reject') ? 'REJECT' : 'DROP';
    return result.ok;
  };
  if (q.hook === 'output') through('OUTPUT') && through('POSTROUTING');
  else if (through('PREROUTING')) {
    if (addressType(ns, packet.destination) === 'local') through('INPUT');
    else through('FORWARD') && through('POSTROUTING');
  }
  return {
    points: walk.choices.points,
    dnatTo: packet.destination === ip(q.destIP) ? null : `${formatIp(packet.destination)}:${packet.dport}`,
    masq: packet.source !== ip(q.sourceIP),
    verdict,
  };
}

function allWays(world: World, q: Question) {
  const pending: number[][] = [[]];
  const ways: ReturnType<typeof pass>[] = [];
  for (let prefix = pending.pop(); prefix; prefix = pending.pop()) {
    const way = pass(world, q, prefix);
    ways.push(way);
    for (let d = prefix.length; d < way.points.length; d++)
      for (const [option] of (way.points[d]?.options ?? []).entries())
        if (option !== way.points[d]?.taken) pending.push([...way.points.slice(0, d).map((p) => p.taken), option]);
  }
  return ways;
}

/** What kube-proxy's own test states of a flow. */
export function answerOf(world: World, q: Question): Question['expected'] {
  const ways = allWays(world, q);
  const dnatTo = [...new Set(ways.flatMap((w) => w.dnatTo ?? []))].sort();
  return { dnatTo, masq: ways.some((w) => w.masq), verdict: ways[0]?.verdict ?? null };
}
