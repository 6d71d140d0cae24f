/** Real packets out of namespaces of our own: each way that an attempt can end, IPv4 and IPv6, within its bounds. */
import { statSync } from 'node:fs';
import type { ProbeTarget } from '@netverdict/contracts';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { builtProber } from '../configuration.ts';
import { type Interpreter, interpreterIn } from '../testing/interpreter.ts';
import { type Scratch, scratchNamespace } from '../testing/scratch.ts';
import { type Probed, proberOf, type Shots } from './prober.ts';

let a: Scratch;
let b: Scratch;
let server: Interpreter;
const prober = proberOf(builtProber);

beforeAll(async () => {
  a = scratchNamespace('probe-a');
  b = scratchNamespace('probe-b');
  server = interpreterIn(b.name);
  for (const ns of [a, b])
    ns.run(['sysctl', '-qw', 'net.ipv6.conf.default.accept_dad=0', 'net.ipv6.conf.all.accept_dad=0']);
  a.run(['ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', b.name]);
  for (const [ns, n] of [
    [a, 1],
    [b, 2],
  ] as const) {
    ns.run(['ip', 'addr', 'add', `10.78.0.${n}/24`, 'dev', 'eth0']);
    ns.run(['ip', '-6', 'addr', 'add', `fd78::${n}/64`, 'dev', 'eth0', 'nodad']);
    ns.run(['ip', 'link', 'set', 'eth0', 'up']);
    ns.run(['ip', 'route', 'add', 'default', 'via', `10.78.0.${3 - n}`]);
  }
  await server.run(`import threading
def serve(family, address):
  t = socket(family, SOCK_STREAM); t.bind((address, 80)); t.listen(1024)
  u = socket(family, SOCK_DGRAM); u.bind((address, 53))
  def echo():
    while True:
      data, who = u.recvfrom(65536); u.sendto(data, who)
  threading.Thread(target=echo, daemon=True).start()
  return t, u
kept = [serve(AF_INET, '10.78.0.2'), serve(AF_INET6, 'fd78::2')]
deaf = socket(AF_INET, SOCK_DGRAM); deaf.bind(('10.78.0.2', 54))`);
  // The kernel may take a second to tell IPv6 that the cable has a carrier.
  await vi.waitFor(() => a.run(['ping', '-6', '-c1', '-W1', 'fd78::2']), { timeout: 10_000, interval: 100 });
});
afterAll(() => {
  prober.stop();
  server?.close();
  a?.remove();
  b?.remove();
});

const target = (given: Partial<ProbeTarget> & Pick<ProbeTarget, 'protocol' | 'address'>): ProbeTarget => ({
  id: 't',
  port: null,
  sourcePort: null,
  attempts: 1,
  sizeBytes: null,
  dontFragment: true,
  ...given,
});
const send = (targets: readonly ProbeTarget[], pace: Partial<Shots> = {}): Promise<Probed> =>
  prober.send(a.path, { targets: [...targets], perSecond: 100, timeoutMs: 800, totalMs: 8000, ...pace });

it.each(['10.78.0.2', 'fd78::2'])('%s: a connection, an answered datagram, an echo, a refusal', async (address) => {
  const { netns, attempts, notMade } = await send([
    target({ id: 'open', protocol: 'tcp', address, port: 80, attempts: 3 }),
    target({ id: 'closed', protocol: 'tcp', address, port: 81 }),
    target({ id: 'dns', protocol: 'udp', address, port: 53, attempts: 2 }),
    target({ id: 'no-port', protocol: 'udp', address, port: 99 }),
    target({ id: 'echo', protocol: 'icmp', address, attempts: 2 }),
  ]);
  expect(netns).toBe(statSync(a.path).ino);
  expect(notMade).toBe(0);
  const outcomes = (id: string): string[] => attempts.filter((t) => t.target === id).map(({ outcome }) => outcome);
  expect(outcomes('open')).toEqual(['connected', 'connected', 'connected']);
  expect(outcomes('closed')).toEqual(['refused']);
  expect(outcomes('dns')).toEqual(['answered', 'answered']);
  expect(outcomes('no-port')).toEqual(['refused']);
  expect(outcomes('echo')).toEqual(['answered', 'answered']);
  for (const { target: id, rttMs, local } of attempts) {
    expect(rttMs !== null && rttMs > 0 && rttMs < 800).toBe(['open', 'dns', 'echo'].includes(id));
    expect(local?.address).toBe(address.includes(':') ? 'fd78::1' : '10.78.0.1');
  }
  const refused = attempts.find((t) => t.target === 'no-port');
  expect(refused).toMatchObject({ errno: 'ECONNREFUSED', icmp: { from: address } });
  expect(attempts.find((t) => t.target === 'closed')?.icmp, 'a reset is no ICMP error').toBeUndefined();
  expect(refused?.token).toMatch(/^4e565052[0-9a-f]{8}$/);
});

it('silence takes as long as an attempt may, and no longer', async () => {
  b.run(['iptables', '-A', 'INPUT', '-p', 'tcp', '--dport', '82', '-j', 'DROP']);
  const began = performance.now();
  const { attempts } = await send(
    [
      target({ id: 'dropped', protocol: 'tcp', address: '10.78.0.2', port: 82, attempts: 4 }),
      target({ id: 'deaf', protocol: 'udp', address: '10.78.0.2', port: 54 }),
    ],
    { timeoutMs: 400, totalMs: 30_000 },
  );
  expect(attempts.map(({ outcome, rttMs }) => [outcome, rttMs])).toEqual(Array(5).fill(['silent', null]));
  expect(performance.now() - began, 'far less than the total time').toBeLessThan(20_000);
});

it('an ICMP error tells who refused: a router’s REJECT', async () => {
  b.run(['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  b.run(['iptables', '-A', 'FORWARD', '-j', 'REJECT', '--reject-with', 'icmp-admin-prohibited']);
  const { attempts } = await send([
    target({ id: 'tcp', protocol: 'tcp', address: '192.0.2.9', port: 80 }),
    target({ id: 'echo', protocol: 'icmp', address: '192.0.2.9' }),
  ]);
  for (const attempt of attempts)
    expect(attempt).toMatchObject({ outcome: 'unreachable', icmp: { type: 3, code: 13, from: '10.78.0.2' } });
  expect(attempts).toHaveLength(2);
});

it('a packet with DF that is larger than the link: too big, with the MTU', async () => {
  const sized = (sizeBytes: number, dontFragment: boolean): ProbeTarget =>
    target({ id: `${sizeBytes}-${dontFragment}`, protocol: 'icmp', address: '10.78.0.2', sizeBytes, dontFragment });
  const { attempts } = await send([sized(1500, true), sized(1501, true), sized(3000, false)]);
  const outcome = (id: string): string | undefined => attempts.find((t) => t.target === id)?.outcome;
  expect([outcome('1500-true'), outcome('1501-true'), outcome('3000-false')]).toEqual([
    'answered',
    'too-big',
    'answered',
  ]);
});

it.each(['10.78.0.2', 'fd78::2'])(
  '%s: data over a connection, in packets of the size asked for or as its MSS lets them be',
  async (address) => {
    const sized = (sizeBytes: number): ProbeTarget =>
      target({ id: `${sizeBytes}`, protocol: 'tcp', address, port: 80, sizeBytes, attempts: 2 });
    const { attempts } = await send([sized(60), sized(1400), sized(1500), sized(1600)]);
    const got = (sizeBytes: number) => attempts.filter((t) => t.target === `${sizeBytes}`);
    expect(attempts.map(({ outcome }) => outcome)).toEqual(Array(8).fill('connected'));
    // The headers of IPv6 and TCP are 60 bytes and 12 of options: no room for data.
    const least = address.includes(':') ? undefined : 60;
    expect([60, 1400, 1500, 1600].map((size) => got(size).map(({ packetBytes }) => packetBytes))).toEqual(
      [least, 1400, 1500, 1500].map((bytes) => [bytes, bytes]),
    );
    expect(attempts.every(({ rttMs }) => rttMs !== null && rttMs > 0)).toBe(true);
  },
);

/** A link that drops what is big and says nothing. */
const BLACK_HOLE = ['-p', 'tcp', '-m', 'length', '--length', '1301:', '-j', 'DROP'];

it('a black hole for big packets: the handshake passes and what is big is not acknowledged', async () => {
  b.run(['iptables', '-I', 'INPUT', ...BLACK_HOLE]);
  try {
    const at = { protocol: 'tcp', address: '10.78.0.2', port: 80, attempts: 2 } as const;
    const { attempts } = await send([
      target({ ...at, id: 'plain' }),
      target({ ...at, id: 'fits', sizeBytes: 1300 }),
      target({ ...at, id: 'big', sizeBytes: 1500, sourcePort: 45680 }),
    ]);
    const outcomes = (id: string) => attempts.filter((t) => t.target === id).map(({ outcome }) => outcome);
    expect(outcomes('plain')).toEqual(['connected', 'connected']);
    expect(outcomes('fits')).toEqual(['connected', 'connected']);
    expect(outcomes('big')).toEqual(['not-acknowledged', 'not-acknowledged']);
    expect(attempts.find((t) => t.target === 'big')).toMatchObject({ packetBytes: 1500, rttMs: expect.any(Number) });
  } finally {
    b.run(['iptables', '-D', 'INPUT', ...BLACK_HOLE]);
  }
});

it('a server that resets the connection when data comes', async () => {
  await server.run(`import struct
def slam(l):
  while True:
    c, who = l.accept(); c.recv(1); c.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack('ii', 1, 0)); c.close()
slammer = socket(AF_INET, SOCK_STREAM); slammer.bind(('10.78.0.2', 83)); slammer.listen(16)
threading.Thread(target=slam, args=(slammer,), daemon=True).start()`);
  const { attempts } = await send([
    target({ protocol: 'tcp', address: '10.78.0.2', port: 83, sizeBytes: 1500, attempts: 4 }),
  ]);
  // Whether the acknowledgement or the reset is met first is chance; either way the connection stood.
  for (const { outcome, rttMs } of attempts) {
    expect(['connected', 'reset']).toContain(outcome);
    expect(rttMs).not.toBeNull();
  }
  expect(attempts).toHaveLength(4);
});

it('attempts from one source port follow one another and leave it free', async () => {
  const { attempts } = await send([
    target({ id: 't', protocol: 'tcp', address: '10.78.0.2', port: 80, sourcePort: 45678, attempts: 5 }),
    target({ id: 'u', protocol: 'udp', address: '10.78.0.2', port: 53, sourcePort: 45679, attempts: 3 }),
  ]);
  expect(new Set(attempts.map(({ outcome }) => outcome))).toEqual(new Set(['connected', 'answered']));
  expect(new Set(attempts.map(({ local }) => local?.port))).toEqual(new Set([45678, 45679]));
  expect(attempts).toHaveLength(8);
});

it('the pace is kept, and what the total time has no room for is not made', async () => {
  const { attempts, notMade } = await send([target({ protocol: 'icmp', address: '10.78.0.2', attempts: 100 })], {
    perSecond: 20,
    totalMs: 1000,
  });
  expect(attempts.length).toBeGreaterThan(0);
  expect(attempts.length).toBeLessThanOrEqual(21);
  expect(attempts.length + notMade).toBe(100);
});

it('what is out of bounds is refused before a packet is sent', async () => {
  const good = target({ protocol: 'icmp', address: '10.78.0.2' });
  await expect(
    prober.send('/etc/passwd', { targets: [good], perSecond: 1, timeoutMs: 100, totalMs: 100 }),
  ).rejects.toThrow('no network namespace');
  await expect(send([target({ protocol: 'tcp', address: '10.78.0.2', port: null })])).rejects.toThrow('a port is not');
  await expect(send([target({ protocol: 'icmp', address: 'example.org' })])).rejects.toThrow('no address');
  await expect(send([good], { perSecond: 5000 })).rejects.toThrow('the rate is not');
  await expect(send(Array(5).fill({ ...good, attempts: 100 }))).rejects.toThrow('more than 400');
  await expect(
    prober.send('/run/netns/x\ngo', { targets: [good], perSecond: 1, timeoutMs: 100, totalMs: 100 }),
  ).rejects.toThrow('one line');
});
