/** `netverdict slow` on a lab: faults that are made on purpose, each named in one sentence; and nothing where nothing is slow. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Lab } from '@netverdict/lab';
import type { NetverdictClient } from '@netverdict/sdk';
import { plainPaint, type SlowReport, slowLines } from '@netverdict/verdict';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type LabInstance, startLabInstance } from '../testing/lab-instance.ts';

let started: LabInstance;
let lab: Lab;
let client: NetverdictClient;
const children: ChildProcess[] = [];

beforeAll(async () => {
  started = await startLabInstance('sl', 2);
  ({ lab, client } = started);
}, 180_000);
afterAll(() => started?.down());
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
});

const addressOf = (pod: string): string => lab.pods.find(({ name }) => name === pod)?.address ?? '';

/** A program within a pod that has begun once it has said a line. */
async function within(pod: string, program: string): Promise<void> {
  const netns = lab.pods.find(({ name }) => name === pod)?.netnsPath ?? '';
  const child = spawn(
    'nsenter',
    [`--net=${netns}`, 'python3', '-uc', `from socket import *\nfrom time import sleep\n${program}`],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  children.push(child);
  await once(child.stdout, 'data');
}

async function slow(port: number, attempts = 10): Promise<{ report: SlowReport; text: string }> {
  const { probe, problem } = await client.diagnose({
    source: { pod: 'default/client' },
    destination: { pod: 'default/web-2', port },
    protocol: 'tcp',
    maxAgeMs: 0,
    probe: { attempts, perSecond: 10, slow: true },
  });
  if (!probe?.slow) throw new Error(`no report: ${JSON.stringify(problem ?? probe?.notMade)}`);
  return { report: probe.slow, text: slowLines(probe, 'en', plainPaint).join('\n') };
}

it('a healthy lab: nothing is slow, and no idle wait is told', async () => {
  const { report, text } = await slow(8080);
  expect(report.conclusion?.cause, text).toBe('nothing');
  expect(text).toMatch(/\n✓ {2}Nothing is slow: there and back takes \d/);
  expect(text).not.toMatch(/microseconds/);
  for (const { stage, p50Ms } of report.stages) expect([stage, p50Ms < 50], text).toEqual([stage, true]);
});

it('a server that thinks for 200 ms: the process, not the network', async () => {
  await within(
    'web-2',
    `l = create_server(('', 9101)); print('listens')
while True:
  c, _ = l.accept()
  try:
    while c.recv(100): sleep(0.2); c.sendall(b'answer')
  except OSError: pass
  c.close()`,
  );
  // A client that is in use meanwhile; it pauses longer than the server thinks, which is nobody's slowness.
  await within(
    'client',
    `print('asks')
try:
  while True:
    c = create_connection(('${addressOf('web-2')}', 9101)); c.sendall(b'question'); c.recv(100); c.close(); sleep(0.3)
except OSError: pass # the server ends before it`,
  );
  const { report, text } = await slow(9101);
  expect(report.conclusion?.cause, text).toBe('process');
  const [, told] =
    /✗ {2}The network is not slow \(.* ms there and back\): the process in default\/web-2 takes (\d+) ms/.exec(text) ??
    [];
  expect(Number(told), text).toBeGreaterThanOrEqual(190);
  // It sleeps longer where the machine is busy.
  expect(Number(told), text).toBeLessThan(2000);
  expect(report.stages[0], text).toMatchObject({ stage: 'process', place: 'node-2/pod/default/web-2' });
});

it('a receiver that does not read: its window is full, and its process is named', async () => {
  await within(
    'web-2',
    `l = create_server(('', 9102)); print('listens')
while True:
  c, _ = l.accept(); c.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
  try:
    while True:
      sleep(0.4)
      if not c.recv(65536): break
  except OSError: pass
  c.close()`,
  );
  await within(
    'client',
    `print('sends'); c = create_connection(('${addressOf('web-2')}', 9102))
try:
  while True: c.sendall(b'x' * 65536)
except OSError: pass # the reader ends before it`,
  );
  const { report, text } = await slow(9102, 30);
  expect(report.conclusion?.cause, text).toBe('reader');
  expect(text).toMatch(
    /✗ {2}The network is not slow .*: what arrived at default\/web-2 waits \d{3} ms until the process/,
  );
});

it('a receiver that never reads: for how long at least, and that its window is full', async () => {
  await within(
    'web-2',
    `l = create_server(('', 9103)); l.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096); print('listens')
kept = []
while True: kept.append(l.accept())`,
  );
  await within(
    'client',
    `c = create_connection(('${addressOf('web-2')}', 9103)); c.settimeout(1)
try:
  while True: c.send(b'x' * 65536)
except TimeoutError: print('is held')
sleep(600)`,
  );
  const { report, text } = await slow(9103, 20);
  expect(report.conclusion?.cause, text).toBe('reader');
  expect(text).toMatch(
    /✗ {2}The network is not slow .*: the process in default\/web-2 does not read what arrived, for \d+ ms at least; its receive window is full/,
  );
});

it('slow DNS: the names, not the network', async () => {
  await within(
    'web-2',
    `s = socket(AF_INET, SOCK_DGRAM); s.bind(('', 53)); print('listens')
while True:
  q, a = s.recvfrom(512); sleep(0.3); s.sendto(q[:2] + b'\\x81\\x83' + q[4:], a)`,
  );
  await within(
    'client',
    `s = socket(AF_INET, SOCK_DGRAM); print('asks')
q = b'\\x12\\x34\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x04slow\\x07example\\x00\\x00\\x01\\x00\\x01'
while True: s.sendto(q, ('${addressOf('web-2')}', 53)); s.recv(512); sleep(0.05)`,
  );
  const { report, text } = await slow(8080);
  expect(report.conclusion?.cause, text).toBe('dns');
  expect(text).toMatch(/an answer of DNS to default\/client takes (2|3|4)\d\d ms\.$/);
});

it('packets that are lost: between which two places, and how many', async () => {
  const rule = [
    'FORWARD',
    '-p',
    'tcp',
    '--dport',
    '8080',
    '-m',
    'statistic',
    '--mode',
    'nth',
    '--every',
    '3',
    '--packet',
    '0',
    '-j',
    'DROP',
  ];
  const iptables = (...words: string[]) => lab.exec('node-2', ['iptables-nft', '-t', 'filter', ...words]);
  expect((await iptables('-I', ...rule)).code).toBe(0);
  try {
    const { report, text } = await slow(8080);
    expect(report.conclusion?.cause, text).toBe('loss');
    expect(text).toMatch(
      /✗ {2}Packets are lost between node-2 flannel\.1 and node-2 cni0: [2-9] of 10 \([2-9]\d %\) had to be sent again/,
    );
  } finally {
    await iptables('-D', ...rule);
  }
});

it('a queue on the way that lets little through: the network, with the place and its share', async () => {
  const tc = (...words: string[]) => lab.exec('node-2', ['tc', 'qdisc', ...words]);
  // A thousand bytes a second, two SYNs at once.
  const narrow = ['rate', '8kbit', 'burst', '200', 'limit', '20000'];
  expect((await tc('replace', 'dev', 'cni0', 'root', 'tbf', ...narrow)).code).toBe(0);
  try {
    const { report, text } = await slow(8080, 10);
    expect(report.conclusion?.cause, text).toBe('network');
    expect(text).toMatch(
      /✗ {2}The network is slow: of the \d+ ms there and back \d+ ms \(\d+ %\) pass from node-2 cni0 to/,
    );
  } finally {
    await tc('del', 'dev', 'cni0', 'root');
  }
});
