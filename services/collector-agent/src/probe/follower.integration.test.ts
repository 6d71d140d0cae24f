/** Real packets of live probes, followed by the real sidecar through a router that translates: where they were, and where and why they ended. */

import { statSync } from 'node:fs';
import type { FollowedEnd, ProbeTarget, Sighting } from '@netverdict/contracts';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { builtProber, builtSidecar } from '../configuration.ts';
import { attributionOf } from '../domain/attribution.ts';
import { type Interpreter, interpreterIn } from '../testing/interpreter.ts';
import { podNamespace } from '../testing/pod.ts';
import { type Scratch, scratchNamespace } from '../testing/scratch.ts';
import { type KernelWatch, startKernelWatch } from '../watch/watch.ts';
import { type Follower, followerOf } from './follower.ts';
import { type Probed, proberOf } from './prober.ts';

let client: Scratch;
let router: Scratch;
let server: Scratch;
let listener: Interpreter;
let watch: KernelWatch;
let follower: Follower;
const prober = proberOf(builtProber);

beforeAll(async () => {
  [client, router, server] = [scratchNamespace('f-c'), scratchNamespace('f-r'), scratchNamespace('f-s')];
  for (const ns of [client, router, server])
    ns.run(['sysctl', '-qw', 'net.ipv6.conf.default.accept_dad=0', 'net.ipv6.conf.all.accept_dad=0']);
  for (const [ns, n] of [
    [client, 1],
    [server, 2],
  ] as const) {
    const own = n === 1 ? 'to-client' : 'to-server';
    ns.run(['ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', own, 'netns', router.name]);
    ns.run(['ip', 'addr', 'add', `10.79.${n}.2/24`, 'dev', 'eth0']);
    ns.run(['ip', '-6', 'addr', 'add', `fd79:${n}::2/64`, 'dev', 'eth0', 'nodad']);
    ns.run(['ip', 'link', 'set', 'eth0', 'up']);
    router.run(['ip', 'addr', 'add', `10.79.${n}.1/24`, 'dev', own]);
    router.run(['ip', '-6', 'addr', 'add', `fd79:${n}::1/64`, 'dev', own, 'nodad']);
    router.run(['ip', 'link', 'set', own, 'up']);
    ns.run(['ip', 'route', 'add', 'default', 'via', `10.79.${n}.1`]);
    ns.run(['ip', '-6', 'route', 'add', 'default', 'via', `fd79:${n}::1`]);
  }
  router.run(['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
  router.run('iptables -t nat -A PREROUTING -d 10.96.0.1 -p tcp --dport 80 -j DNAT --to 10.79.2.2:8080'.split(' '));
  router.run('iptables -t nat -A PREROUTING -d 10.96.0.1 -p udp --dport 53 -j DNAT --to 10.79.2.2:5353'.split(' '));
  router.run('iptables -t nat -A POSTROUTING -o to-server -j MASQUERADE --random-fully'.split(' '));
  listener = interpreterIn(server.name);
  await listener.run(`import threading
t = socket(); t.bind(('', 8080)); t.listen(1024)
u = socket(AF_INET, SOCK_DGRAM); u.bind(('', 5353))
def answer():
  while True:
    data, who = u.recvfrom(2000); u.sendto(b'other words', who)
threading.Thread(target=answer, daemon=True).start()
deaf = socket(AF_INET, SOCK_DGRAM); deaf.bind(('', 5454))`);
  // The kernel may take a second to tell IPv6 that the cables have a carrier.
  await vi.waitFor(() => client.run(['ping', '-6', '-c1', '-W1', 'fd79:2::2']), { timeout: 10_000, interval: 100 });
  watch = startKernelWatch({
    sidecarPath: builtSidecar,
    attribution: attributionOf({
      pods: {
        list: async () =>
          [client, server].map((ns) =>
            podNamespace({ namespace: 'x', name: ns.name, path: ns.path, inode: inodeOf(ns) }),
          ),
      },
      cgroupRoot: '/sys/fs/cgroup',
    }),
    hostInode: async () => inodeOf(router),
    report: () => {},
    log: { info() {}, warn: (fields, message) => console.warn(message, fields) },
  });
  follower = followerOf(watch, { warn: (fields, message) => console.warn(message, fields) });
});
afterAll(async () => {
  prober.stop();
  listener?.close();
  await watch?.stop();
  for (const ns of [client, router, server]) ns?.remove();
});

const inodeOf = (ns: Scratch): number => statSync(ns.path).ino;
const nameOf = (inode: number): string =>
  inode === inodeOf(client)
    ? 'client'
    : inode === inodeOf(router)
      ? 'router'
      : inode === inodeOf(server)
        ? 'server'
        : `${inode}`;

let serial = 0;
async function probe(
  ends: readonly FollowedEnd[],
  to: Pick<ProbeTarget, 'protocol' | 'address' | 'port'> & Partial<ProbeTarget>,
): Promise<{ probed: Probed; sightings: readonly Sighting[] }> {
  const follow = `f${++serial}`;
  await follower.begin(follow, ends, 20_000);
  const target = { id: 't', sourcePort: null, attempts: 1, sizeBytes: null, dontFragment: true, ...to };
  const probed = await prober.send(client.path, { targets: [target], perSecond: 100, timeoutMs: 500, totalMs: 5000 });
  const { sightings, lost } = await follower.end(follow);
  expect(lost).toBe(0);
  return { probed, sightings };
}
const end = (protocol: FollowedEnd['protocol'], address: string, port: number | null): FollowedEnd => ({
  protocol,
  address,
  port,
});
const told = (sightings: readonly Sighting[]): string[] =>
  sightings.map(
    (s) =>
      `${s.answer ? '< ' : ''}${nameOf(s.netns)} ${s.point}${s.device === null ? '' : ` ${s.device}`}${s.reason ? ` ${s.reason}` : ''}`,
  );

const WAY = ['client sent eth0', 'router received to-client', 'router sent to-server', 'server received eth0'];
const BACK = ['< server sent eth0', '< router received to-server', '< router sent to-client', '< client received eth0'];

it('a connection is followed through both translations, there and back, by its sequence number', async () => {
  const { probed, sightings } = await probe([end('tcp', '10.96.0.1', 80), end('tcp', '10.79.2.2', 8080)], {
    protocol: 'tcp',
    address: '10.96.0.1',
    port: 80,
  });
  expect(probed.attempts[0]?.outcome).toBe('connected');
  expect(told(sightings)).toEqual([...WAY, ...BACK]);
  expect(new Set(sightings.map(({ signature }) => signature)).size, 'one packet and its answer').toBe(1);
  const [first, , third] = sightings;
  expect(first).toMatchObject({
    source: '10.79.1.2',
    sourcePort: probed.attempts[0]?.local?.port,
    destination: '10.96.0.1',
    destinationPort: 80,
    tcpFlags: 'SYN',
  });
  expect(third).toMatchObject({ source: '10.79.2.1', destination: '10.79.2.2', destinationPort: 8080 });
  expect(sightings.at(-1)).toMatchObject({ tcpFlags: 'SYN,ACK', source: '10.96.0.1', sourcePort: 80 });
});

it('a datagram by its token, and an answer that has nothing of it', async () => {
  const { probed, sightings } = await probe([end('udp', '10.96.0.1', 53), end('udp', '10.79.2.2', 5353)], {
    protocol: 'udp',
    address: '10.96.0.1',
    port: 53,
  });
  expect(probed.attempts[0]?.outcome).toBe('answered');
  expect(told(sightings).sort()).toEqual([...WAY, ...BACK].sort());
  expect(new Set(sightings.map(({ signature }) => signature))).toEqual(new Set([probed.attempts[0]?.token]));
});

it.each(['10.79.2.2', 'fd79:2::2'])('an echo to %s', async (address) => {
  const { probed, sightings } = await probe([end('icmp', address, null)], { protocol: 'icmp', address, port: null });
  expect(probed.attempts[0]?.outcome).toBe('answered');
  expect(told(sightings)).toEqual([...WAY, ...BACK]);
  expect(new Set(sightings.map(({ signature }) => signature))).toEqual(new Set([probed.attempts[0]?.token]));
});

it('a rule’s drop: where, why, in which hook', async () => {
  router.run('iptables -A FORWARD -p tcp --dport 8081 -j DROP'.split(' '));
  const { probed, sightings } = await probe([end('tcp', '10.79.2.2', 8081)], {
    protocol: 'tcp',
    address: '10.79.2.2',
    port: 8081,
  });
  expect(probed.attempts[0]?.outcome).toBe('silent');
  expect(told(sightings)).toEqual([
    'client sent eth0',
    'router received to-client',
    'router dropped to-client NETFILTER_DROP',
  ]);
  expect(sightings.at(-1)).toMatchObject({ hook: 'forward' });
});

it('what no configuration of the network shows: a filter that the process has put on its socket; a device that keeps nothing', async () => {
  await listener.run(`import ctypes
deaf_tcp = listen(8082)
drop_all = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0))
deaf_tcp.setsockopt(SOL_SOCKET, 26, struct.pack('HL', 1, ctypes.addressof(drop_all)))`);
  const deaf = { protocol: 'tcp', address: '10.79.2.2', port: 8082 } as const;
  const filtered = await probe([end('tcp', deaf.address, deaf.port)], deaf);
  expect(filtered.probed.attempts[0]?.outcome).toBe('silent');
  expect(told(filtered.sightings)).toEqual([...WAY, 'server dropped eth0 SOCKET_FILTER']);
  router.run('tc qdisc replace dev to-server root pfifo limit 0'.split(' '));
  const full = await probe([end('tcp', deaf.address, deaf.port)], deaf);
  router.run('tc qdisc del dev to-server root'.split(' '));
  expect(told(full.sightings)).toEqual([...WAY.slice(0, 3), expect.stringMatching(/^router dropped to-server QDISC_/)]);
});

it('a refusal: the reset, and why it was sent', async () => {
  const { probed, sightings } = await probe([end('tcp', '10.79.2.2', 8083)], {
    protocol: 'tcp',
    address: '10.79.2.2',
    port: 8083,
  });
  expect(probed.attempts[0]?.outcome).toBe('refused');
  expect(told(sightings)).toContain('server dropped eth0 NO_SOCKET');
  expect(told(sightings).slice(-1)).toEqual(['< client received eth0']);
  expect(sightings.at(-1)?.tcpFlags).toBe('RST,ACK');
});

it('data of a size: where a router that says nothing drops it, beside the handshake that passes', async () => {
  const hole = 'FORWARD -p tcp --dport 8080 -m length --length 1301: -j DROP'.split(' ');
  router.run(['iptables', '-I', ...hole]);
  try {
    const { probed, sightings } = await probe([end('tcp', '10.79.2.2', 8080)], {
      protocol: 'tcp',
      address: '10.79.2.2',
      port: 8080,
      sizeBytes: 1500,
    });
    expect(probed.attempts[0]).toMatchObject({ outcome: 'not-acknowledged', packetBytes: 1500 });
    const handshake = sightings.filter(({ data }) => data === undefined);
    const data = sightings.filter((s) => s.data === true);
    expect(told(handshake)).toEqual([...WAY, ...BACK]);
    // It is sent again and again until the time is up.
    expect([...new Set(told(data))]).toEqual([...WAY.slice(0, 2), 'router dropped to-client NETFILTER_DROP']);
    expect(new Set(sightings.map(({ signature }) => signature)).size, 'all are of one connection').toBe(1);
  } finally {
    router.run(['iptables', '-D', ...hole]);
  }
});

it('an ICMP error about data: path MTU discovery makes the packets smaller, and they come through', async () => {
  router.run('ip link set to-server mtu 1400'.split(' '));
  try {
    const { probed, sightings } = await probe([end('tcp', '10.79.2.2', 8080)], {
      protocol: 'tcp',
      address: '10.79.2.2',
      port: 8080,
      sizeBytes: 1500,
    });
    expect(probed.attempts[0]).toMatchObject({ outcome: 'connected', packetBytes: 1400 });
    expect(sightings).toContainEqual(
      expect.objectContaining({ data: true, point: 'sent', icmp: { type: 3, code: 4 }, source: '10.79.1.1' }),
    );
    expect(new Set(sightings.map(({ signature }) => signature)).size, 'all are of one connection').toBe(1);
  } finally {
    router.run('ip link set to-server mtu 1500'.split(' '));
    client.run('ip route flush cache'.split(' '));
  }
});

it('an ICMP error about the packet is followed too', async () => {
  router.run('iptables -A FORWARD -p udp --dport 5454 -j REJECT --reject-with icmp-admin-prohibited'.split(' '));
  const { probed, sightings } = await probe([end('udp', '10.79.2.2', 5454)], {
    protocol: 'udp',
    address: '10.79.2.2',
    port: 5454,
  });
  expect(probed.attempts[0]).toMatchObject({ outcome: 'unreachable', icmp: { type: 3, code: 13, from: '10.79.1.1' } });
  const error = sightings.find((s) => s.icmp !== undefined && nameOf(s.netns) === 'router');
  expect(error).toMatchObject({ point: 'sent', answer: true, source: '10.79.1.1', icmp: { type: 3, code: 13 } });
});

it('two at a time get each their own; the probe is off afterwards; what is not followed is refused', async () => {
  const both = await Promise.all([
    probe([end('icmp', '10.79.2.2', null)], { protocol: 'icmp', address: '10.79.2.2', port: null, attempts: 3 }),
    probe([end('icmp', '10.79.1.1', null)], { protocol: 'icmp', address: '10.79.1.1', port: null, attempts: 2 }),
  ]);
  for (const { probed, sightings } of both) {
    const own = new Set(probed.attempts.map(({ token }) => token));
    expect(new Set(sightings.map(({ signature }) => signature))).toEqual(own);
  }
  await expect(follower.end('never')).rejects.toThrow('not followed');
  await expect(follower.begin('bad', [end('tcp', 'nowhere', 1)], 1000)).rejects.toThrow('not an address');
});

it('ends by itself, and keeps what it saw for whoever comes late', async () => {
  await follower.begin('forgotten', [end('icmp', '10.79.2.2', null)], 300);
  const target = {
    id: 't',
    protocol: 'icmp',
    address: '10.79.2.2',
    port: null,
    sourcePort: null,
    attempts: 1,
    sizeBytes: null,
    dontFragment: true,
  } as const;
  await prober.send(client.path, { targets: [target], perSecond: 10, timeoutMs: 200, totalMs: 1000 });
  await new Promise((resolve) => setTimeout(resolve, 500));
  await prober.send(client.path, { targets: [target], perSecond: 10, timeoutMs: 200, totalMs: 1000 });
  const { sightings } = await follower.end('forgotten');
  expect(new Set(sightings.map(({ signature }) => signature)).size, 'only the first was followed').toBe(1);
});
