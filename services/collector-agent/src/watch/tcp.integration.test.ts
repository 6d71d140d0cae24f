/** Probes `retransmits`, `resets` and `connects`: real TCP between two namespaces, disturbed. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sumOf, type WatchedPair, watchedPair } from '../testing/watched-pair.ts';

let pair: WatchedPair;
beforeAll(async () => {
  pair = await watchedPair('tcp');
  await pair.b.python(`l = listen(5001); k = listen(5002); m = listen(5003); n = listen(5005)`);
});
afterAll(() => pair?.close());

const connectTo = (port: number, more = ''): string => `s = tcp()
${more}
try: s.connect(('${pair.b.ipv4}', ${port}))
except OSError as e: print(e)
`;

it('nobody listens: one side sends the reset, the other receives it and fails to connect', async () => {
  const { a, b } = pair;
  for (let i = 0; i < 3; i++) await a.python(connectTo(5999));
  const answered = { protocol: 6, source: b.ipv4, sourcePort: 5999, destination: a.ipv4, destinationPort: null };
  const sent = await pair.until(b, { kind: 'tcp-reset-sent' }, 3);
  expect(sumOf(sent)).toBe(3);
  expect(sent[0]).toMatchObject({
    probe: 'resets',
    direction: 'out',
    reason: 'NO_SOCKET',
    details: { by: 'no socket' },
    pod: { namespace: 'shop', name: 'b' },
    tuple: answered,
  });
  const received = await pair.until(a, { kind: 'tcp-reset-received' }, 3);
  expect(received[0]).toMatchObject({ direction: 'in', tuple: answered, details: { by: 'the peer' } });
  const failed = await pair.until(a, { kind: 'tcp-connect-fail', reason: 'ECONNREFUSED' }, 3);
  expect(sumOf(failed)).toBe(3);
  expect(failed[0]).toMatchObject({
    direction: 'out',
    tuple: { source: a.ipv4, destination: b.ipv4, destinationPort: 5999, sourcePort: null },
  });
  expect(failed[0]?.samples?.[0]?.tuple?.sourcePort).toBeGreaterThan(1023);
});

it('a process that ends its connection with a reset', async () => {
  const { a, b } = pair;
  await a.python(`${connectTo(5001)}s.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack('ii', 1, 0)); s.close()`);
  const [sent] = await pair.until(a, { kind: 'tcp-reset-sent' });
  // Lingering for no time is a disconnect to the kernel (__tcp_close), and its reason the state that it was in.
  expect(sent).toMatchObject({
    reason: 'TCP_STATE',
    details: { by: 'the process' },
    tuple: { source: a.ipv4, destination: b.ipv4, destinationPort: 5001 },
  });
  expect(sent?.samples?.[0]?.stack).toContain('__tcp_close');
});

it('no answer: the SYN is sent again, then connecting times out; a rejecting router makes it fail at once', async () => {
  const { a, b } = pair;
  b.run(['iptables', '-A', 'INPUT', '-p', 'tcp', '--dport', '5010', '-j', 'DROP']);
  b.run([
    'iptables',
    '-A',
    'INPUT',
    '-p',
    'tcp',
    '--dport',
    '5011',
    '-j',
    'REJECT',
    '--reject-with',
    'icmp-host-prohibited',
  ]);
  await a.python(connectTo(5011));
  const [rejected] = await pair.until(a, { kind: 'tcp-connect-fail', reason: 'EHOSTUNREACH' });
  expect(rejected).toMatchObject({ tuple: { destinationPort: 5011 } });
  await a.python(connectTo(5010, 's.setsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, 1500)'));
  const [again] = await pair.until(a, { kind: 'tcp-retransmission', reason: 'SYN', port: 5010 });
  expect(again).toMatchObject({
    details: { state: 'SYN_SENT' },
    tuple: { destination: b.ipv4, destinationPort: 5010 },
  });
  const [failed] = await pair.until(a, { kind: 'tcp-connect-fail', reason: 'ETIMEDOUT' });
  expect(failed?.samples?.[0]?.value).toBeGreaterThan(1_000_000);
});

it('a SYN that is sent again and then answered: each repetition is counted, and connecting took since the first', async () => {
  const { a, b, watch } = pair;
  await b.python('late = listen(5012); once = listen(5013)');
  const dropOf = (port: number, every: number, packet: number): string[] =>
    `-A INPUT -p tcp --dport ${port} --syn -m statistic --mode nth --every ${every} --packet ${packet} -j DROP`.split(
      ' ',
    );
  // The second rule counts only what the first has let pass.
  b.run(['iptables', ...dropOf(5012, 3, 0)]);
  b.run(['iptables', ...dropOf(5012, 2, 0)]);
  b.run(['iptables', ...dropOf(5013, 2, 0)]);
  await a.python(connectTo(5012));
  await a.python(connectTo(5013));
  const took = (port: number) =>
    watch
      .histograms()
      .find((h) => h.netns === a.inode && h.peer.port === port && h.metric === 'tcp-connect-microseconds');
  for (const [port, again] of [
    [5012, 2],
    [5013, 1],
  ] as const) {
    const told = await pair.until(a, { kind: 'tcp-retransmission', reason: 'SYN', port }, again);
    expect(sumOf(told)).toBe(again);
    // A second each where SYNs are repeated at even distances (net.ipv4.tcp_syn_linear_timeouts), else one and then two.
    const [slow] = await pair.until(a, { kind: 'tcp-connect-slow', port });
    for (const microseconds of [slow?.samples?.[0]?.value, took(port)?.sum]) {
      expect(microseconds).toBeGreaterThan(again * 1_000_000 - 10_000);
      expect(microseconds).toBeLessThan(again * 1_000_000 + 1_500_000);
    }
    expect(took(port)?.count).toBe(1);
  }
});

it('segments that get lost: the timer sends again; a hole is filled at once', async () => {
  const { a, b } = pair;
  const big = ['-p', 'tcp', '--dport', '5003', '-m', 'length', '--length', '500:'];
  b.run([
    'iptables',
    '-A',
    'INPUT',
    ...big,
    '-m',
    'statistic',
    '--mode',
    'nth',
    '--every',
    '30',
    '--packet',
    '9',
    '-j',
    'DROP',
  ]);
  // Where the sender is held up just behind the hole, the timer comes first: of several holes one is filled at once.
  await a.python(`for connection in range(4):
  s = tcp(); s.connect(('${b.ipv4}', 5003)); s.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
  for i in range(40): s.send(b'x' * 1000); sleep(0.002)
  sleep(0.3)`);
  const [fast] = await pair.until(a, { kind: 'tcp-retransmission', reason: 'FAST' });
  expect(fast).toMatchObject({
    details: { state: 'ESTABLISHED' },
    tuple: { destination: b.ipv4, destinationPort: 5003 },
  });
  b.run(['iptables', '-A', 'INPUT', '-p', 'tcp', '--dport', '5002', '-m', 'length', '--length', '100:', '-j', 'DROP']);
  await a.python(`${connectTo(5002)}s.send(b'x' * 600); sleep(1.2)`);
  const timed = await pair.until(a, { kind: 'tcp-retransmission', reason: 'RTO' }, 2);
  expect(timed[0]).toMatchObject({ tuple: { destinationPort: 5002 }, details: { state: 'ESTABLISHED' } });
});

it('the answer to a SYN is sent again by the listener', async () => {
  const { a, b } = pair;
  a.run(['iptables', '-A', 'INPUT', '-p', 'tcp', '--sport', '5005', '-j', 'DROP']);
  await a.python(`s = tcp(1.5)\n${connectTo(5005).replace('s = tcp()', '')}`);
  const [again] = await pair.until(b, { kind: 'tcp-retransmission', reason: 'SYN_ACK' });
  expect(again).toMatchObject({
    probe: 'retransmits',
    tuple: { source: b.ipv4, sourcePort: 5005, destination: a.ipv4, destinationPort: null },
    pod: { namespace: 'shop', name: 'b' },
  });
  expect(again?.count).toBeGreaterThan(0);
});

it('connecting takes longer than the threshold; what it takes is in the peer’s histogram', async () => {
  const { a, b, watch } = pair;
  await watch.command('set connects threshold 1');
  for (let i = 0; i < 2; i++) await a.python(connectTo(5001));
  const slow = await pair.until(a, { kind: 'tcp-connect-slow', port: 5001 }, 2);
  expect(sumOf(slow)).toBe(2);
  expect(slow[0]).toMatchObject({ tuple: { destination: b.ipv4, destinationPort: 5001 } });
  expect(slow[0]?.samples?.[0]?.value).toBeLessThan(1_000_000);
  const of = (metric: string) =>
    watch.histograms().find((h) => h.netns === a.inode && h.peer.port === 5001 && h.metric === metric);
  const histogram = of('tcp-connect-microseconds');
  expect(histogram).toMatchObject({ peer: { address: b.ipv4 }, count: 3 });
  expect(histogram?.buckets.reduce((sum, n) => sum + n, 0)).toBe(3);
});

it('IPv6 as IPv4', async () => {
  const { a, b } = pair;
  await a.python(`s = socket(AF_INET6)
try: s.connect(('${b.ipv6}', 5998))
except OSError: pass`);
  const told = await pair.until(a, { kind: 'tcp-connect-fail', reason: 'ECONNREFUSED' }, 4);
  expect(told.at(-1)).toMatchObject({
    tuple: { family: 'ipv6', source: a.ipv6, destination: b.ipv6, destinationPort: 5998 },
  });
});

it('a pod that connects to where nobody listens', async () => {
  const { a, b } = pair;
  for (let i = 0; i < 3; i++) await b.python(`attempt(lambda: tcp().connect(('${a.ipv4}', 5997)))`);
  const failed = await pair.until(b, { kind: 'tcp-connect-fail', reason: 'ECONNREFUSED', port: 5997 }, 3);
  expect(sumOf(failed)).toBe(3);
  expect(failed[0]).toMatchObject({
    probe: 'connects',
    pod: { namespace: 'shop', name: 'b' },
    direction: 'out',
    tuple: { source: b.ipv4, destination: a.ipv4, destinationPort: 5997, sourcePort: null },
  });
});

it('a connection that stands and whose other end is heard no more', async () => {
  const { a, b } = pair;
  await a.python('gone = listen(5996)');
  // TCP_USER_TIMEOUT (tcp(7)): what is not acknowledged for so long ends the connection.
  await b.python(`s = tcp(); s.connect(('${a.ipv4}', 5996)); s.setsockopt(IPPROTO_TCP, 18, 400)`);
  a.run(['iptables', '-A', 'INPUT', '-p', 'tcp', '--dport', '5996', '-j', 'DROP']);
  await b.python(`s.send(b'x')`);
  const lost = await pair.until(b, { kind: 'tcp-connection-lost', port: 5996 });
  expect(sumOf(lost)).toBe(1);
  expect(lost[0]).toMatchObject({
    probe: 'connects',
    pod: { namespace: 'shop', name: 'b' },
    reason: 'ETIMEDOUT',
    tuple: { source: b.ipv4, destination: a.ipv4, destinationPort: 5996 },
  });
});
