/** Live probes on a lab: real packets beside the simulation, followed by the nodes' own kernels; they agree, and one planted gap of the model comes to light. */
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { DiagnosisRequest } from '@netverdict/contracts';
import { fabricNetns, type Lab } from '@netverdict/lab';
import type { DiagnosisDocument, NetverdictClient } from '@netverdict/sdk';
import { plainPaint, probeLines, slowLines } from '@netverdict/verdict';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Instance } from '../../clients/cli/src/local/instance.ts';
import { type LabInstance, startLabInstance } from '../testing/lab-instance.ts';

let started: LabInstance;
let lab: Lab;
let instance: Instance;
let client: NetverdictClient;

beforeAll(async () => {
  started = await startLabInstance('pr', 3);
  ({ lab, instance, client } = started);
});
afterAll(() => started?.down());
afterEach(() => lab.heal());

type Probed = DiagnosisDocument & { probe: NonNullable<DiagnosisDocument['probe']> };
async function probe(
  destination: DiagnosisRequest['destination'],
  more: Partial<DiagnosisRequest> = {},
): Promise<Probed> {
  const document = await client.diagnose({
    source: { pod: 'default/client' },
    destination,
    protocol: 'tcp',
    maxAgeMs: 0,
    probe: { attempts: 3, perSecond: 50 },
    ...more,
  });
  if (!document.probe) throw new Error(`no probe: ${JSON.stringify(document.problem ?? document.status)}`);
  return document as Probed;
}
const lineOf = ({ probe: live }: Probed): string => probeLines(live, 'en', plainPaint).join('\n');
const web = { service: 'default/web', port: 80 };

it('a Service that works: every backend, loss and times, and each place on the way', async () => {
  const document = await probe(web);
  const { probe: live } = document;
  expect(document.verdict?.outcome).toBe('reachable');
  expect([live.notMade, live.agrees, live.succeeded]).toEqual([null, true, live.attempts]);
  expect(live.targets.map(({ kind }) => kind)).toEqual(['asked', 'backend', 'backend', 'backend']);
  expect(
    live.targets
      .slice(1)
      .map(({ label }) => label)
      .sort(),
  ).toEqual(['default/web-1', 'default/web-2', 'default/web-3']);
  for (const target of live.targets) {
    expect(target).toMatchObject({ attempts: 3, succeeded: 3, loss: 0, agrees: true, outcomes: { connected: 3 } });
    const { rttMs } = target;
    expect(rttMs && 0 < rttMs.min && rttMs.min <= rttMs.p50 && rttMs.p50 <= rttMs.p99 && rttMs.p99 <= rttMs.max).toBe(
      true,
    );
  }
  expect(live.nodes.filter(({ problem, lost }) => problem !== null || lost > 0)).toEqual([]);
  const far = live.targets.find(({ label }) => label === 'default/web-2');
  const places =
    far?.seen.map(({ direction, place, point, device }) => `${direction} ${place} ${point} ${device}`) ?? [];
  for (const place of [
    'forward node-1/pod/default/client sent eth0',
    'forward node-1/host sent flannel.1',
    'forward node-2/host received eth0',
    'forward node-2/host received flannel.1',
    'forward node-2/pod/default/web-2 received eth0',
    'reply node-2/pod/default/web-2 sent eth0',
    'reply node-1/pod/default/client received eth0',
  ])
    expect(places).toContain(place);
  expect(far?.seen.every(({ count, point }) => count >= 3 && point !== 'dropped')).toBe(true);
  expect(lineOf(document)).toMatch(/^A real probe agrees: 3 of 3 \(p50 .* ms, p99 .* ms\); 3 of 3 to web-/);
});

it('a part of a Service that a rule drops: told per backend, with the place and reason of the drop', async () => {
  await lab.fault('node-forward-drop', { node: 'node-2' });
  const document = await probe(web, { probe: { attempts: 6, perSecond: 50 } });
  const { probe: live } = document;
  expect(document.verdict?.outcome).toBe('partially-reachable');
  expect(live.agrees, lineOf(document)).toBe(true);
  const backend = (name: string) => live.targets.find(({ label }) => label === `default/${name}`);
  expect(backend('web-1')).toMatchObject({ succeeded: 6, agrees: true });
  expect(backend('web-2')).toMatchObject({ succeeded: 0, loss: 1, agrees: true, outcomes: { silent: 6 } });
  expect(backend('web-2')?.seen).toContainEqual(
    expect.objectContaining({ place: 'node-2/host', point: 'dropped', reason: 'NETFILTER_DROP', hook: 'forward' }),
  );
  expect(lineOf(document)).toMatch(/^A real probe agrees: .*0 of 6 to web-2/);
});

it('refused: the simulation knows that nobody listens', async () => {
  const document = await probe({ pod: 'default/web-2', port: 81 });
  expect(document.verdict?.outcome).toBe('unreachable');
  expect(document.probe).toMatchObject({ agrees: true, succeeded: 0 });
  expect(document.probe.targets[0]).toMatchObject({ outcomes: { refused: 3 }, icmp: [] });
});

it('rejected by a rule: the ICMP error, and from whom', async () => {
  await lab.fault('node-forward-reject', { node: 'node-2' });
  const document = await probe({ pod: 'default/web-2', port: 8080 });
  expect(document.verdict?.outcome).toBe('unreachable');
  expect(document.probe.agrees, lineOf(document)).toBe(true);
  expect(document.probe.targets[0]?.icmp).toEqual([expect.objectContaining({ type: 3, count: 3 })]);
});

it('datagrams to a Service, and echoes to a pod', async () => {
  const dns = await probe({ service: 'default/dns', port: 53 }, { protocol: 'udp' });
  expect([dns.verdict?.outcome, dns.probe.agrees], lineOf(dns)).toEqual(['reachable', true]);
  expect(dns.probe.targets[0]).toMatchObject({ protocol: 'udp', succeeded: 3, outcomes: { answered: 3 } });
  const echo = await probe({ pod: 'default/web-2' }, { protocol: 'icmp', sizeBytes: 1000 });
  expect([echo.verdict?.outcome, echo.probe.agrees], lineOf(echo)).toEqual(['reachable', true]);
  expect(echo.probe.targets[0]).toMatchObject({ protocol: 'icmp', succeeded: 3, port: null });
});

it('from a node', async () => {
  const document = await probe({ pod: 'default/web-2', port: 8080 }, { source: { node: 'node-1' } });
  expect([document.verdict?.outcome, document.probe.agrees, document.probe.from], lineOf(document)).toEqual([
    'reachable',
    true,
    'node-1/host',
  ]);
});

it('what no configuration shows: a filter on the listening socket. The probe disagrees and names the hop', async () => {
  const pod = lab.pods.find(({ name }) => name === 'web-2');
  const deaf = spawn(
    'nsenter',
    [
      `--net=${pod?.netnsPath}`,
      'python3',
      '-uc',
      `
import ctypes, struct, sys
from socket import *
s = socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); s.bind(('', 9090)); s.listen(16)
drop_all = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0))
s.setsockopt(SOL_SOCKET, 26, struct.pack('HL', 1, ctypes.addressof(drop_all)))
print('deaf'); sys.stdin.read()`,
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  try {
    await new Promise((resolve) => deaf.stdout.once('data', resolve));
    const document = await probe({ pod: 'default/web-2', port: 9090 });
    expect(document.verdict?.outcome, 'the simulation cannot know').toBe('reachable');
    expect(document.probe.agrees).toBe(false);
    const [target] = document.probe.targets;
    expect(target).toMatchObject({ succeeded: 0, loss: 1, agrees: false, outcomes: { silent: 3 } });
    expect(target?.parting).toMatchObject({ place: 'node-2/pod/default/web-2', direction: 'forward' });
    expect(target?.parting?.simulated.en).toBe('it is taken here and answered');
    expect(target?.parting?.seen.en).toMatch(/^the kernel dropped it at eth0: SOCKET_FILTER .*; nothing came back$/);
    expect(lineOf(document)).toMatch(
      /^A real probe DISAGREES: 0 of 3\.\n {2}web-2: default\/web-2: simulated: it is taken here/,
    );
    const stored = await client.getDiagnosis(document.id);
    expect(stored.probe).toEqual(document.probe);
  } finally {
    deaf.kill('SIGKILL');
  }
});

it('a black hole for big packets on the way between the nodes: a connection stands, its data is lost', async () => {
  // A port of the switch that carries less than the nodes' links: what is bigger it drops, and tells nobody.
  const fabric = fabricNetns(lab.spec.name);
  const port = (mtu: number) => execFileSync('ip', ['-n', fabric, 'link', 'set', 'n2', 'mtu', `${mtu}`]);
  // It would put VXLAN's packets into fragments otherwise, as no switch does.
  execFileSync('ip', ['netns', 'exec', fabric, 'sysctl', '-qw', 'net.bridge.bridge-nf-call-iptables=0']);
  port(1300);
  try {
    const plain = await probe({ pod: 'default/web-2', port: 8080 });
    expect([plain.verdict?.outcome, plain.probe.agrees], lineOf(plain)).toEqual(['reachable', true]);
    const big = await probe({ pod: 'default/web-2', port: 8080 }, { sizeBytes: 1450 });
    expect([big.verdict?.outcome, big.probe.agrees], lineOf(big)).toEqual(['reachable', false]);
    const [target] = big.probe.targets;
    expect(target).toMatchObject({ succeeded: 0, outcomes: { 'not-acknowledged': 3 } });
    expect(target?.parting).toMatchObject({ place: 'node-1/host', direction: 'forward' });
    expect(target?.parting?.seen.en).toMatch(
      /last seen here, sent eth0; the connection stands, but its data, in packets of 1450 bytes, was not acknowledged$/,
    );
    const small = await probe({ pod: 'default/web-2', port: 8080 }, { sizeBytes: 1200 });
    expect([small.probe.agrees, small.probe.succeeded], lineOf(small)).toEqual([true, 3]);
  } finally {
    port(1500);
  }
});

it('slow: a queue on the way is the dearest stage, by the packets themselves and by the histogram of queues', async () => {
  const tc = (...words: string[]) => lab.exec('node-2', ['tc', 'qdisc', ...words]);
  // A thousand bytes a second, two SYNs at once.
  expect(
    (await tc('replace', 'dev', 'cni0', 'root', 'tbf', 'rate', '8kbit', 'burst', '200', 'limit', '20000')).code,
  ).toBe(0);
  try {
    const document = await probe(
      { pod: 'default/web-2', port: 8080 },
      { probe: { attempts: 10, perSecond: 20, slow: true } },
    );
    const { slow } = document.probe;
    const text = slowLines(document.probe, 'en', plainPaint).join('\n');
    expect(slow?.notMeasured).toEqual([]);
    expect(slow?.total?.p99, text).toBeGreaterThan(100);
    expect(slow?.stages[0], text).toMatchObject({ place: 'node-2/host' });
    expect(['link', 'queue']).toContain(slow?.stages[0]?.stage);
    const queue = slow?.stages.find(({ stage, place }) => stage === 'queue' && place === 'node-2/host');
    expect(queue, text).toBeDefined();
    expect(queue?.p99Ms, text).toBeGreaterThan(60);
    const link = slow?.stages.find(({ stage }) => stage === 'link');
    expect(link, text).toMatchObject({ place: 'node-2/host', direction: 'forward', evidence: 'probe packets' });
    expect(
      slow?.stages.some(({ stage }) => stage === 'wire'),
      text,
    ).toBe(true);
    expect(text).toMatch(/^There and back: p50 \d.* ms · p99 \d+ ms \(10 of 10\)\n\n1\. +\d+ %/);
  } finally {
    await tc('del', 'dev', 'cni0', 'root');
  }
});

it('the commands: the line beside what was seen, and the table of stages', async () => {
  const main = join(import.meta.dirname, '../../clients/cli/src/main.ts');
  const run = async (...args: string[]): Promise<{ code: number; out: string }> => {
    const child = spawn(process.execPath, [main, ...args, '--api', instance.apiUrl], {
      // Where CI is set colours are taken to be wanted.
      env: { ...process.env, NO_COLOR: '1', NETVERDICT_TOKEN: instance.token },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    const code = await new Promise<number>((resolve) => child.on('close', (status) => resolve(status ?? -1)));
    return { code, out };
  };
  const question = ['--from', 'default/client', '--to', 'svc/default/web:80'];
  const diagnosed = await run('diagnose', ...question, '--probe', '2');
  expect(diagnosed.code).toBe(0);
  expect(diagnosed.out).toMatch(/Seen .*\n +A real probe agrees: 2 of 2 \(.* ms\); 2 of 2 to web-\d, web-\d, web-\d\./);
  const slow = await run('slow', ...question, '--attempts', '3');
  expect(slow.code).toBe(0);
  expect(slow.out).toMatch(/^There and back: p50 .* ms · p99 .* ms \(3 of 3\)\n\n1\. +\d+ %/);
  expect((await run('diagnose', ...question, '--probe', 'many')).code).toBe(3);
});

it('what cannot be probed is said plainly, and the verdict is there all the same', async () => {
  const outside = await probe({ node: 'node-1', port: 30080 }, { source: { ip: lab.external.address } });
  expect(outside.status).toBe('completed');
  expect(outside.probe.notMade?.en).toMatch(/^A probe needs a pod or a node as its source/);
  expect(lineOf(outside)).toMatch(/^No real probe: A probe needs a pod or a node/);
});

it.each([
  [{ probe: 'yes' }, '/probe'],
  [{ probe: { attempts: 0 } }, '/probe/attempts'],
  [{ probe: { attempts: 51 } }, '/probe/attempts'],
  [{ probe: { totalMs: 60_000 } }, '/probe/totalMs'],
  [{ probe: { often: 1 } }, '/probe/often'],
])('%j is refused by name', async (given, pointer) => {
  // What the types forbid is what is sent: the service is to refuse it.
  const body = { source: { pod: 'default/client' }, destination: web, ...given } as unknown as DiagnosisRequest;
  const error = await client.submit(body).then(
    () => null,
    (refused: unknown) => refused,
  );
  expect(error).toMatchObject({ status: 400 });
  expect(JSON.stringify(error)).toContain(pointer);
});
