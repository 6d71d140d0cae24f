/** gVisor's questions to iptables, about a container and its one peer. They lie beside the repository (../shared/data). */
import { existsSync, readFileSync } from 'node:fs';
import { type Flow, hostKey, ip, type NetnsState, podKey, type Socket } from '@netverdict/linux-net';
import { parseSection } from '@netverdict/parsers';
import { describe, expect, it } from 'vitest';
import { evaluate } from './evaluate.ts';
import { address, emptyState, known, link, listener, mac, route } from './testing/cluster.ts';
import { traceText } from './testing/flows.ts';
import { compileNamespace } from './world/compiled.ts';
import { buildWorld, type World } from './world/world.ts';

interface Question {
  readonly direction: 'in' | 'out';
  readonly protocol: 'TCP' | 'UDP';
  readonly srcPort: number;
  readonly dstIP: string;
  readonly dstPort: number;
  /** The port where somebody waits for the packet. */
  readonly observedAt: number;
  readonly expect: 'accept' | 'drop';
}
interface Case {
  readonly case: string;
  readonly iptablesSave: string;
  readonly container: { readonly if: string; readonly ip: string };
  readonly peerIP: string;
  readonly queries: readonly Question[];
}

const FILE = new URL('../../../../shared/data/peer-cases/gvisor-iptables.jsonl', import.meta.url);
const cases: readonly Case[] = existsSync(FILE)
  ? readFileSync(FILE, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Case)
  : [];
if (cases.length === 0) console.warn(`skipped: no cases at ${FILE.pathname}`);

const CONTAINER = podKey('node', 'gvisor', 'container');
const PEER = hostKey('node');
const CONTAINER_INODE = 2;
const PEER_INODE = 1;

/** One end of the veth pair, with who listens there; everything runs as the superuser. */
function end(device: string, own: string, otherInode: number, last: number, socket: Socket): NetnsState {
  return emptyState({
    links: known([
      link(1, 'lo', { kind: 'loopback' }),
      link(
        2,
        device,
        { kind: 'veth' },
        { mac: mac(`02:00:00:00:00:0${last}`), link: link(2, '', { kind: 'veth' }).ifindex, linkNetnsid: 0 },
      ),
    ]),
    netnsIds: known([{ nsid: 0, inode: otherInode }]),
    addresses: known([address(1, '127.0.0.1/8'), address(2, `${own}/24`)]),
    routes4: known([
      route('127.0.0.0/8', 1, { table: 255, type: 'local' }),
      route(`${own}/32`, 2, { table: 255, type: 'local' }),
      { ...route('172.17.0.0/24', 2), prefsrc: ip(own) },
    ]),
    sockets: known([socket]),
  });
}

function worldOf(one: Case, q: Question): World {
  const parsed = parseSection('iptables-save', one.iptablesSave);
  if (!parsed.ok) throw new Error(`line ${parsed.error.line}: ${parsed.error.message}`);
  const socket: Socket = { ...listener(q.protocol === 'TCP' ? 'tcp' : 'udp', q.observedAt), uid: 0, gid: 0 };
  const container = end(one.container.if, one.container.ip, PEER_INODE, 2, socket);
  const peer = end('veth0', one.peerIP, CONTAINER_INODE, 1, socket);
  return buildWorld({
    namespaces: [
      {
        key: CONTAINER,
        node: 'node',
        kind: 'pod',
        pod: { namespace: 'gvisor', name: 'container' },
        inode: CONTAINER_INODE,
        net: compileNamespace({ ...container, iptablesLegacy: known(parsed.value) }),
      },
      { key: PEER, node: 'node', kind: 'host', pod: null, inode: PEER_INODE, net: compileNamespace(peer) },
    ],
    nodes: [{ node: 'node', unavailable: null }],
    map: { nodes: [], pods: [], services: [], podCidrs: [], serviceCidrs: [] },
  });
}

const flowOf = (q: Question): Flow => ({
  family: 'ipv4',
  protocol: q.protocol === 'TCP' ? 'tcp' : 'udp',
  source: { kind: 'namespace', namespace: q.direction === 'in' ? PEER : CONTAINER, address: null },
  destination: { address: q.dstIP, port: q.dstPort },
  sourcePort: q.srcPort,
  sizeBytes: 60,
  dontFragment: false,
  uid: 0,
  gid: 0,
});

describe.skipIf(cases.length === 0)('gVisor', () => {
  const rows = cases.flatMap((one) => one.queries.map((q) => ({ name: one.case, one, q })));
  it('has thirty questions', () => expect(rows).toHaveLength(30));
  it.each(rows)('$name: $q.expect', ({ one, q }) => {
    const { branches, trace } = evaluate(worldOf(one, q), flowOf(q));
    // A datagram is seen when it arrives; a connection when both sides have heard of each other.
    const seen = branches.map(
      ({ stop, arrived }) => arrived?.packet.dport === q.observedAt && (q.protocol === 'UDP' || stop === null),
    );
    expect(new Set(seen), traceText(trace)).toEqual(new Set([q.expect === 'accept']));
  });
});
