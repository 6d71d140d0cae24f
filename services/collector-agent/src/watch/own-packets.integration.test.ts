/** What befalls packets of our own live probes is no anomaly: it is counted as filtered, and the probe itself tells it. */
import type { ProbeTarget } from '@netverdict/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { builtProber } from '../configuration.ts';
import { proberOf } from '../probe/prober.ts';
import { type WatchedPair, watchedPair } from '../testing/watched-pair.ts';

let pair: WatchedPair;
const prober = proberOf(builtProber);
beforeAll(async () => {
  pair = await watchedPair('own');
  await pair.b.python(`kept = socket(AF_INET, SOCK_STREAM); kept.bind(('', 80)); kept.listen(16)`);
  pair.b.run(['iptables', '-A', 'INPUT', '-p', 'tcp', '--dport', '82', '-j', 'DROP']);
  pair.b.run(['iptables', '-A', 'INPUT', '-p', 'udp', '--dport', '82', '-j', 'DROP']);
  pair.b.run(['iptables', '-A', 'INPUT', '-p', 'tcp', '--dport', '83', '-j', 'REJECT']);
});
afterAll(async () => {
  prober.stop();
  await pair?.close();
});

type Shot = readonly [id: string, protocol: ProbeTarget['protocol'], address: string, port: number | null];
async function probe(shots: readonly Shot[]): Promise<Record<string, string>> {
  const targets = shots.map(([id, protocol, address, port]) => ({
    ...{ id, protocol, address, port, sourcePort: null, attempts: 3, sizeBytes: null, dontFragment: false },
  }));
  const sent = await prober.send(pair.a.path, { targets, perSecond: 100, timeoutMs: 2500, totalMs: 20_000 });
  return Object.fromEntries(sent.attempts.map(({ target, outcome }) => [target, outcome]));
}
const filtered = (name: string): number => pair.probe(name).filtered;

it('refused, dropped, rejected, echoed and answered: the probe tells each, no anomaly does, and each is counted as filtered', async () => {
  const { a, b, watch } = pair;
  await watch.command('flush');
  const before = { drops: filtered('drops'), resets: filtered('resets'), retransmits: filtered('retransmits') };
  const connectsBefore = filtered('connects');
  expect(
    await probe([
      ['stands', 'tcp', b.ipv4, 80],
      ['refused', 'tcp', b.ipv4, 81],
      ['refused-6', 'tcp', b.ipv6, 81],
      ['dropped', 'tcp', b.ipv4, 82],
      ['rejected', 'tcp', b.ipv4, 83],
      ['no-reader', 'udp', b.ipv4, 81],
      ['no-reader-6', 'udp', b.ipv6, 81],
      ['dropped-datagram', 'udp', b.ipv4, 82],
      ['echo', 'icmp', b.ipv4, null],
      ['echo-6', 'icmp', b.ipv6, null],
    ]),
  ).toEqual({
    ...{ stands: 'connected', refused: 'refused', 'refused-6': 'refused', dropped: 'silent', rejected: 'refused' },
    ...{
      'no-reader': 'refused',
      'no-reader-6': 'refused',
      'dropped-datagram': 'silent',
      echo: 'answered',
      'echo-6': 'answered',
    },
  });
  await watch.command('flush');
  const told = [a, b].flatMap((end) => pair.told(end)).filter(({ kind }) => kind !== 'neighbour-fail');
  expect(told.map(({ kind, reason, tuple }) => JSON.stringify([kind, reason, tuple]))).toEqual([]);
  // 15 SYNs and 9 datagrams met their end; each refused connection is a reset sent and one received.
  expect(filtered('drops') - before.drops).toBeGreaterThanOrEqual(18);
  expect(filtered('resets') - before.resets).toBeGreaterThanOrEqual(6 + 6);
  expect(filtered('retransmits') - before.retransmits).toBeGreaterThanOrEqual(3);
  expect(filtered('connects') - connectsBefore).toBeGreaterThanOrEqual(6 + 3);
});

it('the same from anybody else is told', async () => {
  const { a, b } = pair;
  await a.python(`
for port in (81, 83):
 try: socket(AF_INET, SOCK_STREAM).connect(('${b.ipv4}', port))
 except OSError: pass
s = socket(AF_INET, SOCK_DGRAM); s.sendto(b'x' * 20, ('${b.ipv4}', 81)); s.sendto(b'VPRN' * 5, ('${b.ipv4}', 82))
`);
  await pair.until(b, { kind: 'packet-drop', reason: 'NO_SOCKET', port: 81 }, 2);
  await pair.until(b, { kind: 'packet-drop', reason: 'NETFILTER_DROP', port: 82 }, 1);
  await pair.until(b, { kind: 'tcp-reset-sent', port: 81 }, 1);
  await pair.until(a, { kind: 'tcp-connect-fail', port: 81 }, 1);
  await pair.until(a, { kind: 'tcp-reset-received', port: 81 }, 1);
});
