/** Each probe and each kind of anomaly that it tells has a test that provokes it in the kernel, and looks at all that is told of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnomalyKind } from '@netverdict/contracts';
import { expect, it } from 'vitest';
import { PROBES, type ProbeName } from './probes.ts';

const FILES = ['drops', 'tcp', 'datagrams', 'latency', 'dns'] as const;

/** Which kinds it tells; none: it makes histograms only. A probe that is missing here does not compile. */
const TOLD: Readonly<Record<ProbeName, readonly AnomalyKind[]>> = {
  drops: ['packet-drop'],
  retransmits: ['tcp-retransmission'],
  resets: ['tcp-reset-sent', 'tcp-reset-received'],
  connects: ['tcp-connect-fail', 'tcp-connect-slow', 'tcp-connection-lost'],
  udp: ['udp-buffer-error'],
  neighbours: ['neighbour-fail'],
  icmp: ['icmp-error-sent', 'icmp-error-received'],
  connections: [],
  windows: ['tcp-zero-window'],
  softirq: ['softirq-slow'],
  sockets: ['socket-slow'],
  transmit: ['transmit-slow'],
  receive: ['receive-slow'],
  dns: ['dns-error', 'dns-slow', 'dns-unanswered'],
};

/** What a processor does is no pod's and of no packet. */
const OF_THE_NODE: ReadonlySet<ProbeName> = new Set(['softirq']);

/** The bodies of all tests, comments aside. */
const tests = FILES.flatMap((name) =>
  readFileSync(join(import.meta.dirname, `${name}.integration.test.ts`), 'utf8')
    .replaceAll(/^\s*\/\/.*$/gm, '')
    .split(/^(?=it(?:\.each)?\()/m)
    .slice(1),
);
const asks = (body: string, kind: AnomalyKind): boolean => body.includes(`{ kind: '${kind}'`);

it.each(Object.entries(TOLD).flatMap(([probe, kinds]) => kinds.map((kind) => [probe, kind] as const)))(
  '%s: something in the kernel is made to be told as %s',
  (_, kind) => {
    expect(tests.filter((body) => asks(body, kind))).not.toEqual([]);
  },
);

it.each(Object.entries(PROBES).filter(([name]) => TOLD[name as ProbeName].length > 0))(
  '%s: one test at the least asks in whose namespace, which pod, which packet, why and how many',
  (name) => {
    const probe = name as ProbeName;
    const kinds = TOLD[probe];
    const own = tests.filter((body) => kinds.some((kind) => asks(body, kind)));
    const whole = own.filter(
      (body) =>
        // `until` waits for what is told of that namespace.
        /pair\.until\(/.test(body) &&
        (OF_THE_NODE.has(probe) ? /pod: null/.test(body) : /pod: \{ namespace: 'shop', name: 'b' \}/.test(body)) &&
        (OF_THE_NODE.has(probe) ? /tuple\)\.toBeUndefined/.test(body) : /tuple: (\{|about|answered)/.test(body)) &&
        (/reason: '/.test(body) || /details: \{ name: '/.test(body)) &&
        /count: \d|count\)\.to|sumOf\(/.test(body),
    );
    expect(whole, `tests that speak of ${kinds.join(', ')}: ${own.length}`).not.toEqual([]);
  },
);

it.each(
  Object.entries(PROBES).flatMap(([name, probe]) => ('metrics' in probe ? [[name, probe.metrics] as const] : [])),
)('%s: its histograms are looked at', (_, metrics) => {
  const text = tests.join('');
  expect(Object.values(metrics).some((metric) => text.includes(`'${metric}'`))).toBe(true);
});
