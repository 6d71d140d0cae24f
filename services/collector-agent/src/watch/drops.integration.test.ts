/** Probe `drops`: real packets thrown away in namespaces of our own, told with the kernel's reason, function, hook and tuple. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sumOf, type WatchedPair, watchedPair } from '../testing/watched-pair.ts';

let pair: WatchedPair;
beforeAll(async () => {
  pair = await watchedPair('drops');
});
afterAll(() => pair?.close());

const udp = (to: string, port: number, times: number): string =>
  `s=socket(AF_INET6 if ':' in '${to}' else AF_INET,SOCK_DGRAM)
for i in range(${times}):
 try: s.sendto(b'x'*20,('${to}',${port}))
 except OSError: pass
`;

it('netfilter’s drop on input: rule’s hook, the pod, each packet counted, the first ones in full', async () => {
  const { a, b } = pair;
  b.run(['iptables', '-A', 'INPUT', '-p', 'udp', '--dport', '4001', '-j', 'DROP']);
  await a.python(udp(b.ipv4, 4001, 25));
  const told = await pair.until(b, { kind: 'packet-drop', reason: 'NETFILTER_DROP' }, 25);
  expect(sumOf(told)).toBe(25);
  const [first] = told;
  expect(first).toMatchObject({
    probe: 'drops',
    pod: { namespace: 'shop', name: 'b' },
    hook: 'input',
    direction: 'in',
    tuple: {
      family: 'ipv4',
      protocol: 17,
      source: a.ipv4,
      sourcePort: null,
      destination: b.ipv4,
      destinationPort: 4001,
    },
  });
  expect(first?.function).toMatch(/^(nf_hook_slow|ip_local_deliver|nft_do_chain)/);
  expect(first?.samples?.length).toBeGreaterThan(0);
  expect(first?.samples?.[0]?.tuple?.sourcePort).toBeGreaterThan(1023);
  expect(first?.samples?.[0]?.bytes).toBe(48);
});

it('IPv6 goes the same way: nobody listens', async () => {
  const { a, b } = pair;
  await a.python(udp(b.ipv6, 4002, 7));
  const told = await pair.until(b, { kind: 'packet-drop', reason: 'NO_SOCKET' }, 7);
  expect(sumOf(told)).toBe(7);
  expect(told[0]).toMatchObject({
    tuple: { family: 'ipv6', protocol: 17, source: a.ipv6, destination: b.ipv6, destinationPort: 4002 },
  });
});

it('netfilter’s drops on output and forward are told apart', async () => {
  const { a, b } = pair;
  a.run(['iptables', '-A', 'OUTPUT', '-p', 'udp', '--dport', '4003', '-j', 'DROP']);
  b.run(['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  b.run(['iptables', '-A', 'FORWARD', '-j', 'DROP']);
  await a.python(udp(b.ipv4, 4003, 3));
  expect((await pair.until(a, { reason: 'NETFILTER_DROP' }, 3))[0]).toMatchObject({ hook: 'output', direction: 'out' });
  await a.python(udp('192.0.2.9', 4004, 3));
  expect((await pair.until(b, { reason: 'NETFILTER_DROP', hook: 'forward' }, 3))[0]).toMatchObject({
    tuple: { destination: '192.0.2.9', destinationPort: 4004 },
  });
});

it('a source that the route back does not lead to: reverse path filter', async () => {
  const { a, b } = pair;
  b.run(['sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=1', 'net.ipv4.conf.eth0.rp_filter=1']);
  b.run(['ip', 'link', 'add', 'spare0', 'type', 'veth', 'peer', 'name', 'spare1']);
  b.run(['ip', 'link', 'set', 'spare0', 'up']);
  b.run(['ip', 'route', 'add', '198.51.100.0/24', 'dev', 'spare0']);
  a.run(['ip', 'addr', 'add', '198.51.100.7/32', 'dev', 'lo']);
  await a.python(`s=socket(AF_INET,SOCK_DGRAM); s.bind(('198.51.100.7',0))
for i in range(4): s.sendto(b'x',('${b.ipv4}',4005))`);
  const told = await pair.until(b, { kind: 'packet-drop', reason: 'IP_RPFILTER' }, 4);
  expect(told[0]).toMatchObject({ tuple: { source: '198.51.100.7', destination: b.ipv4, destinationPort: 4005 } });
});

it('each event is accounted for: seen is what was filtered, sampled away, counted or lost', async () => {
  const { a, b, watch } = pair;
  await watch.command(`set drops netns ${b.inode}`);
  await watch.command('set drops one-in 4');
  await a.python(udp(b.ipv4, 4006, 4000));
  await watch.command('flush');
  await watch.command('off drops');
  await watch.command('flush');
  const { seen, filtered, sampledAway, aggregated, lost } = pair.probe('drops');
  expect(filtered + sampledAway + aggregated + lost).toBe(seen);
  expect(lost).toBe(0);
  const counted = (await pair.until(b, { reason: 'NO_SOCKET' }, 800))
    .filter(({ tuple }) => tuple?.destinationPort === 4006)
    .reduce((sum, { count }) => sum + count, 0);
  expect(counted + sampledAway).toBe(4000);
  expect(counted).toBeGreaterThan(800);
  expect(counted).toBeLessThan(1200);
});

it('settings that make no sense are refused with a reason, and change nothing', async () => {
  const { watch } = pair;
  await expect(watch.command('set drops port 99999')).rejects.toThrow('not a number that fits');
  await expect(watch.command('set drops exclude NO_SUCH')).rejects.toThrow('no such reason');
  await expect(watch.command('set drops address 10.0.0.0/33')).rejects.toThrow('not a prefix length');
  await expect(watch.command('on everything')).rejects.toThrow('unknown probe');
  await expect(watch.command('set drops threshold 1')).rejects.toThrow('no threshold');
  await expect(watch.command('on drops\nquit')).rejects.toThrow('one line');
});
