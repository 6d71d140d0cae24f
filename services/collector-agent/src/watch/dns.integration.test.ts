/** Probe `dns`: a server that answers, errs, is late and is silent. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sumOf, type WatchedPair, watchedPair } from '../testing/watched-pair.ts';

let pair: WatchedPair;
beforeAll(async () => {
  pair = await watchedPair('dns');
  await pair.watch.command('set dns threshold 150000');
  await pair.watch.command('on dns');
  // What the client asks for by number is what it gets: 0 an answer, 2 and 3 errors, 100 a late answer, 101 none.
  await pair.b.python(`import threading
def serve(family, address):
  d = socket(family, SOCK_DGRAM); d.bind((address, 53))
  while True:
    q, peer = d.recvfrom(512); wish = q[12]
    if wish == 101: continue
    if wish == 100: sleep(0.2)
    d.sendto(q[:2] + bytes([0x81, 0x80 | (wish if wish < 16 else 0)]) + q[4:], peer)
for f, a in ((AF_INET, '${pair.b.ipv4}'), (AF_INET6, '${pair.b.ipv6}')):
  threading.Thread(target=serve, args=(f, a), daemon=True).start()`);
  await pair.a.python(`def ask(to, id, wish, wait=1):
  s = socket(AF_INET6 if ':' in to else AF_INET, SOCK_DGRAM); s.settimeout(wait)
  q = struct.pack('!HHHHHH', id, 0x0100, 1, 0, 0, 0) + bytes([wish, 0, 0, 1, 0, 1])
  s.sendto(q, (to, 53)); attempt(lambda: s.recv(512)); return s, q`);
});
afterAll(() => pair?.close());

it('errors are told with their code, in the namespace that asked', async () => {
  const { a, b } = pair;
  await a.python(`for id in range(3): ask('${b.ipv4}', id, 3)
ask('${b.ipv6}', 9, 2)`);
  const missing = await pair.until(a, { kind: 'dns-error', reason: 'NXDOMAIN' }, 3);
  expect(sumOf(missing)).toBe(3);
  expect(missing[0]).toMatchObject({
    probe: 'dns',
    direction: 'out',
    tuple: { family: 'ipv4', protocol: 17, source: a.ipv4, destination: b.ipv4, destinationPort: 53 },
  });
  const failed = await pair.until(a, { kind: 'dns-error', reason: 'SERVFAIL' });
  expect(failed[0]).toMatchObject({ count: 1, tuple: { family: 'ipv6', destination: b.ipv6 } });
  expect(pair.told(b).filter(({ probe }) => probe === 'dns')).toEqual([]);
});

it('an answer that comes late, and a question that is asked again since none came', async () => {
  const { a, b } = pair;
  await a.python(`ask('${b.ipv4}', 20, 100)
s, q = ask('${b.ipv4}', 21, 101, 0.7); s.sendto(q, ('${b.ipv4}', 53)); sleep(0.1)`);
  const [slow] = await pair.until(a, { kind: 'dns-slow' });
  expect(slow).toMatchObject({ count: 1, tuple: { destination: b.ipv4, destinationPort: 53 } });
  expect(slow?.samples?.[0]?.value).toBeGreaterThan(190_000);
  const [unanswered] = await pair.until(a, { kind: 'dns-unanswered' });
  expect(unanswered).toMatchObject({ count: 1, tuple: { destination: b.ipv4 } });
});

it('how long answers take is the server’s histogram', async () => {
  const { a, b, watch } = pair;
  await a.python(`ask('${b.ipv4}', 30, 0)`);
  await watch.command('flush');
  const told = watch.histograms().filter((h) => h.netns === a.inode && h.metric === 'dns-answer-microseconds');
  expect(told.map(({ peer, count }) => [peer.address, count]).sort()).toEqual([
    [b.ipv4, 5],
    [b.ipv6, 1],
  ]);
});
