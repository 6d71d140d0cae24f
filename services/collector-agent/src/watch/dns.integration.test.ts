/** Probe `dns`: a server that answers, errs, is late and is silent, and who asked it for what. */
import { Registry } from '@netverdict/telemetry';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { AnomalyTally } from '../metrics/anomaly-tally.ts';
import { addDnsFailures } from '../metrics/dns-failures.ts';
import { addProbeMetrics } from '../metrics/probes.ts';
import { sumOf, type WatchedPair, watchedPair } from '../testing/watched-pair.ts';

const PATIENCE = { timeout: 20_000, interval: 50 };
let pair: WatchedPair;
beforeAll(async () => {
  pair = await watchedPair('dns');
  await pair.watch.command('set dns threshold 150000');
  await pair.watch.command('on dns');
  // The first label of the name is what the client gets: an answer, an error, a late answer, none.
  const server = `import threading
codes = {b'nx': 3, b'broken': 2, b'refused': 5}
def serve(family, address):
  d = socket(family, SOCK_DGRAM); d.bind((address, 53))
  while True:
    q, peer = d.recvfrom(512); wish = q[13:13 + q[12]].lower()
    if wish == b'silent': continue
    if wish == b'late': sleep(0.2)
    d.sendto(q[:2] + bytes([0x81, 0x80 | codes.get(wish, 0)]) + q[4:], peer)`;
  const serve = (ipv4: string, ipv6: string) => `${server}
for f, a in ((AF_INET, '${ipv4}'), (AF_INET6, '${ipv6}')):
  threading.Thread(target=serve, args=(f, a), daemon=True).start()`;
  const client = `def ask(to, id, name, wait=1):
  s = socket(AF_INET6 if ':' in to else AF_INET, SOCK_DGRAM); s.settimeout(wait)
  q = struct.pack('!HHHHHH', id, 0x0100, 1, 0, 0, 0) + b''.join(bytes([len(l)]) + l.encode() for l in name.split('.')) + bytes([0, 0, 1, 0, 1])
  s.sendto(q, (to, 53)); attempt(lambda: s.recv(512)); return s, q`;
  const { a, b } = pair;
  await b.python(serve(b.ipv4, b.ipv6));
  await a.python(serve(a.ipv4, a.ipv6));
  await Promise.all([a.python(client), b.python(client)]);
});
afterAll(() => pair?.close());

it('errors are told with their code and the name, in the namespace that asked', async () => {
  const { a, b } = pair;
  await a.python(`for id in range(3): ask('${b.ipv4}', id, 'nx.shop.test')
ask('${b.ipv4}', 8, 'NX.Other.test')
ask('${b.ipv6}', 9, 'broken.shop.test')`);
  const missing = await pair.until(a, { kind: 'dns-error', reason: 'NXDOMAIN' }, 4);
  const byName = Map.groupBy(missing, ({ details }) => details?.name);
  expect([...byName].map(([name, own]) => [name, sumOf(own)]).sort()).toEqual([
    ['nx.other.test', 1],
    ['nx.shop.test', 3],
  ]);
  expect(missing[0]).toMatchObject({
    probe: 'dns',
    direction: 'out',
    tuple: { family: 'ipv4', protocol: 17, source: a.ipv4, destination: b.ipv4, destinationPort: 53 },
  });
  expect(missing[0]).not.toHaveProperty('function');
  const failed = await pair.until(a, { kind: 'dns-error', reason: 'SERVFAIL' });
  expect(failed[0]).toMatchObject({
    count: 1,
    details: { name: 'broken.shop.test' },
    tuple: { family: 'ipv6', destination: b.ipv6 },
  });
  expect(pair.told(b).filter(({ probe }) => probe === 'dns')).toEqual([]);
});

it('an answer that comes late, and a question that is asked again since none came', async () => {
  const { a, b } = pair;
  await a.python(`ask('${b.ipv4}', 20, 'late.shop.test')
s, q = ask('${b.ipv4}', 21, 'silent.shop.test', 0.7); s.sendto(q, ('${b.ipv4}', 53)); sleep(0.1)`);
  // On a busy machine other answers may be late too.
  const slow = await vi.waitFor(async () => {
    const late = (await pair.until(a, { kind: 'dns-slow' })).find(({ details }) => details?.name === 'late.shop.test');
    if (late === undefined) throw new Error('it is not told');
    return late;
  }, PATIENCE);
  expect(slow).toMatchObject({ count: 1, tuple: { destination: b.ipv4, destinationPort: 53 } });
  expect(slow.samples?.[0]?.value).toBeGreaterThan(190_000);
  const [unanswered] = await pair.until(a, { kind: 'dns-unanswered' });
  expect(unanswered).toMatchObject({ count: 1, details: { name: 'silent.shop.test' }, tuple: { destination: b.ipv4 } });
});

it('a pod that asks once and gives up is told, with its name, once', async () => {
  const { a, b } = pair;
  await b.python(`for i in range(4): ask('${a.ipv4}', 40 + i, 'silent.pod.test', 0.01)
ask('${a.ipv6}', 50, 'silent.pod.test', 0.01)`);
  const given = await pair.until(b, { kind: 'dns-unanswered' }, 5);
  expect(sumOf(given)).toBe(5);
  for (const anomaly of given)
    expect(anomaly).toMatchObject({
      pod: { namespace: 'shop', name: 'b' },
      details: { name: 'silent.pod.test' },
      tuple: { protocol: 17, destinationPort: 53 },
    });
  // The end of a window may part the questions of one pair.
  const pairs = new Set(given.map(({ tuple }) => `${tuple?.source} ${tuple?.destination}`));
  expect([...pairs].sort()).toEqual([`${b.ipv4} ${a.ipv4}`, `${b.ipv6} ${a.ipv6}`]);
  expect(given.flatMap(({ samples = [] }) => samples.map(({ value = 0 }) => value)).at(0)).toBeGreaterThan(5_000_000);
  const { seen, filtered, sampledAway, aggregated, lost } = pair.probe('dns');
  expect(filtered + sampledAway + aggregated + lost).toBe(seen);
});

it('how long answers take is the server’s histogram, and the name’s', async () => {
  const { a, b, watch } = pair;
  await a.python(`ask('${b.ipv4}', 30, 'fine.shop.test'); ask('${b.ipv4}', 31, 'Fine.shop.test')`);
  await watch.command('flush');
  const told = watch.histograms().filter((h) => h.netns === a.inode);
  const servers = told.filter(({ metric }) => metric === 'dns-answer-microseconds');
  expect(servers.map(({ peer, count }) => [peer.address, count]).sort()).toEqual([
    [b.ipv4, 7],
    [b.ipv6, 1],
  ]);
  const names = told.filter(({ metric }) => metric === 'dns-name-microseconds');
  expect(names.map(({ name, count }) => [name, count]).sort()).toEqual([
    ['broken.shop.test', 1],
    ['fine.shop.test', 2],
    ['late.shop.test', 1],
    ['nx.other.test', 1],
    ['nx.shop.test', 3],
  ]);
});

it('more names than there is room for are counted without one, and the metrics stay bounded', async () => {
  const { a, b, watch } = pair;
  const { seen: before } = pair.probe('dns');
  await a.python(`for i in range(1500): ask('${b.ipv4}', 1000 + i, 'nx.n%d.test' % i)`);
  const missing = await pair.until(a, { kind: 'dns-error', reason: 'NXDOMAIN' }, 1504);
  expect(sumOf(missing)).toBe(1504);
  expect(pair.probe('dns').seen - before).toBe(1500);
  const registry = new Registry();
  const tally = new AnomalyTally();
  tally.note(pair.told(a));
  addDnsFailures(registry, tally.dns);
  const { reports, histograms } = watch;
  addProbeMetrics(registry, { reports, histograms, labelsOf: () => ({}), running: () => true });
  const text = await registry.metrics();
  const rows = text.split('\n').filter((line) => line.startsWith('netverdict_dns_failures_total'));
  expect(rows.length).toBeLessThan(270);
  expect(rows.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)).toBe(1507); // with a SERVFAIL, and two packets of a question that got no answer
  expect(text).toContain('netverdict_dns_name_seconds_count{name="fine.shop.test"} 2\n');
  expect(text).toMatch(/netverdict_dns_name_seconds_count\{name="others"\} \d{3}/);
}, 60_000);
