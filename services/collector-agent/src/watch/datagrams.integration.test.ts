/** Probes `udp`, `neighbours`, `icmp`, `windows` and `connections`: each provoked for real. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { sumOf, type WatchedPair, watchedPair } from '../testing/watched-pair.ts';

let pair: WatchedPair;
beforeAll(async () => {
  pair = await watchedPair('misc');
});
afterAll(() => pair?.close());

it('udp: a socket that nobody reads is full; what comes then is lost, each counted', async () => {
  const { a, b } = pair;
  await b.python(`u = socket(AF_INET, SOCK_DGRAM); u.setsockopt(SOL_SOCKET, SO_RCVBUF, 4608); u.bind(('', 6001))`);
  await a.python(`s = socket(AF_INET, SOCK_DGRAM)
for i in range(60): s.sendto(b'x' * 500, ('${b.ipv4}', 6001))`);
  const kept = Number(
    await b.python(`u.setblocking(False); n = 0
try:
  while True: u.recv(2000); n += 1
except OSError: print(n)`),
  );
  expect(kept).toBeGreaterThan(0);
  const lost = await pair.until(b, { kind: 'udp-buffer-error', port: 6001 }, 60 - kept);
  expect(sumOf(lost)).toBe(60 - kept);
  expect(lost[0]).toMatchObject({
    probe: 'udp',
    reason: 'ENOMEM',
    direction: 'in',
    details: { bufferBytes: 9216 },
    pod: { namespace: 'shop', name: 'b' },
    tuple: { family: 'ipv4', protocol: 17, source: a.ipv4, destination: b.ipv4, destinationPort: 6001 },
  });
  expect(lost[0]?.samples?.[0]?.value).toBeGreaterThan(4000); // bytes that were waiting
});

it.each([
  ['ipv4', '10.77.0.99', 'AF_INET'],
  ['ipv6', 'fd77::99', 'AF_INET6'],
])('neighbours: an %s address that nobody has', async (family, address, socketFamily) => {
  const { b } = pair;
  const table = family === 'ipv4' ? 'ipv4' : 'ipv6';
  b.run(['sysctl', '-qw', `net.${table}.neigh.eth0.retrans_time_ms=100`]);
  await b.python(`s = socket(${socketFamily}, SOCK_DGRAM); s.sendto(b'x', ('${address}', 9)); sleep(0.5)`);
  const [failed, ...more] = await pair.until(b, { kind: 'neighbour-fail', to: address });
  expect(failed).toMatchObject({
    probe: 'neighbours',
    pod: { namespace: 'shop', name: 'b' },
    reason: 'UNANSWERED',
    count: 1,
    tuple: { family, source: null, destination: address },
  });
  expect(more).toEqual([]);
});

it('icmp: one side sends the error, the other’s socket is told; the tuple is that of the packet it is about', async () => {
  const { a, b } = pair;
  await a.python(`s = socket(AF_INET, SOCK_DGRAM); s.connect(('${b.ipv4}', 6009)); s.send(b'x'); sleep(0.1)`);
  const [sent] = await pair.until(b, { kind: 'icmp-error-sent', port: 6009 });
  const about = { protocol: 17, source: a.ipv4, destination: b.ipv4, destinationPort: 6009 };
  expect(sent).toMatchObject({
    probe: 'icmp',
    pod: { namespace: 'shop', name: 'b' },
    reason: 'PORT_UNREACHABLE',
    details: { type: 3, code: 3 },
    tuple: about,
    count: 1,
  });
  const [received] = await pair.until(a, { kind: 'icmp-error-received', port: 6009 });
  expect(received).toMatchObject({ reason: 'ECONNREFUSED', direction: 'in', tuple: about, count: 1 });
});

it('icmp: the path takes no packet of that size; the router says what fits', async () => {
  const { a, b } = pair;
  b.run(['ip', 'link', 'add', 'far0', 'type', 'veth', 'peer', 'name', 'far1']);
  b.run(['ip', 'link', 'set', 'far0', 'mtu', '1280', 'up']);
  b.run(['ip', 'link', 'set', 'far1', 'up']);
  b.run(['ip', 'addr', 'add', '10.78.0.1/24', 'dev', 'far0']);
  b.run(['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  await a.python(`s = socket(AF_INET, SOCK_DGRAM); s.setsockopt(IPPROTO_IP, 10, 2); s.setsockopt(IPPROTO_IP, 11, 1)
s.sendto(b'x' * 1400, ('10.78.0.2', 6010)); sleep(0.1)`);
  const [sent] = await pair.until(b, { kind: 'icmp-error-sent', port: 6010 });
  expect(sent).toMatchObject({ reason: 'FRAGMENTATION_NEEDED', tuple: { source: a.ipv4, destination: '10.78.0.2' } });
  const [received] = await pair.until(a, { kind: 'icmp-error-received', port: 6010 });
  expect(received).toMatchObject({ reason: 'FRAGMENTATION_NEEDED', details: { type: 3, code: 4 } });
  expect(received?.samples?.[0]?.value).toBe(1280);
});

it('windows: a reader that does not read; both sides know who is full', async () => {
  const { a, b, watch } = pair;
  await watch.command('on windows');
  await b.python('l = listen(6020); l.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)');
  await a.python(`s = tcp(); s.connect(('${b.ipv4}', 6020)); s.setblocking(False)
def fill():
  while True: s.send(b'x' * 10000)
attempt(fill); sleep(1)`);
  const [full] = await pair.until(a, { kind: 'tcp-zero-window', port: 6020 });
  expect(full).toMatchObject({
    probe: 'windows',
    reason: 'PEER_FULL',
    direction: 'out',
    tuple: { source: a.ipv4, destination: b.ipv4, destinationPort: 6020 },
  });
  const [own] = await pair.until(b, { kind: 'tcp-zero-window', reason: 'OWN_FULL', port: 6020 });
  expect(own).toMatchObject({
    direction: 'in',
    pod: { namespace: 'shop', name: 'b' },
    tuple: { source: a.ipv4, destination: b.ipv4, destinationPort: 6020 },
  });
  expect(own?.count).toBeGreaterThan(0);
  await watch.command('off windows');
});

it('connections: round trips, bytes and segments sent again are the peer’s when a connection ends', async () => {
  const { a, b, watch } = pair;
  await b.python('l = listen(6030)');
  await a.python(`s = tcp(); s.connect(('${b.ipv4}', 6030))`);
  await b.python(`c, _ = l.accept(); c.send(b'y' * 3000)`);
  await a.python(`s.send(b'x' * 5000)
while len(s.recv(65536, MSG_PEEK)) < 3000: pass
s.recv(65536); s.close()`);
  await b.python('sleep(0.1); c.close()');
  const told = (inode: number, metric: string) =>
    watch
      .histograms()
      .find((h) => h.netns === inode && h.metric === metric && (h.peer.port === 6030 || inode === b.inode));
  await vi.waitFor(
    async () => {
      await watch.command('flush');
      for (const { inode } of [a, b]) expect(told(inode, 'tcp-received-bytes')).toBeDefined();
    },
    { timeout: 20_000, interval: 50 },
  );
  expect(told(a.inode, 'tcp-sent-bytes')).toMatchObject({ count: 1, peer: { address: b.ipv4, port: 6030 } });
  expect(told(a.inode, 'tcp-sent-bytes')?.sum).toBeGreaterThanOrEqual(5000);
  expect(told(a.inode, 'tcp-received-bytes')?.sum).toBeGreaterThanOrEqual(3000);
  const roundTrip = told(a.inode, 'tcp-rtt-microseconds');
  expect(roundTrip?.count).toBe(1);
  expect(roundTrip?.sum).toBeGreaterThan(0);
  expect(roundTrip?.sum).toBeLessThan(1_000_000);
  expect(told(b.inode, 'tcp-received-bytes')).toMatchObject({ peer: { address: a.ipv4, port: null } });
});
