/**
 * What the kernel does with packets under the written rules, in others' flows: real SYNs and datagrams through a scratch node,
 * whose connection tracking tells where each was sent and whether its source was changed.
 *
 *   [client: the flow's source] ── c0 ─── n0 ── [node: rules, node addresses] ── out (everything else; nobody answers)
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PeerFlow, peerCases, peerCasesMissing } from './peer-cases.ts';
import { writeKubeProxyRules } from './write-rules.ts';

const id = randomBytes(3).toString('hex');
const node = `nv-kpn-${id}`;
const client = `nv-kpc-${id}`;
const run = (command: string, ...args: readonly string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' });
const ip = (namespace: string, text: string): string => run('ip', '-n', namespace, ...text.split(' '));

/** A share that never turns up in so many attempts would be one of under 2⁻²⁰. */
const ATTEMPTS = 20;

beforeEach(() => {
  for (const namespace of [node, client]) {
    run('ip', 'netns', 'add', namespace);
    ip(namespace, 'link set lo up');
  }
  ip(node, `link add n0 type veth peer name c0 netns ${client}`);
  ip(node, 'link add out type veth peer name nowhere');
  for (const link of ['n0', 'out', 'nowhere']) ip(node, `link set ${link} up`);
  ip(client, 'link set c0 up');
  ip(node, 'address add 169.254.1.1/30 dev n0');
  ip(client, 'address add 169.254.1.2/30 dev c0');
  ip(client, 'route add default via 169.254.1.1');
  ip(node, 'address add 198.18.0.1/32 dev out');
  ip(node, 'link set out arp off');
  ip(node, 'route add default dev out');
  // Every attempt is to have its answer: no limit on the ICMP errors that REJECT sends.
  for (const sysctl of ['ip_forward=1', 'conf.all.rp_filter=0', 'conf.n0.rp_filter=0', 'icmp_ratemask=0'])
    run('ip', 'netns', 'exec', node, 'sysctl', '-qw', `net.ipv4.${sysctl}`);
  // A packet that comes back to its sender is to stay unanswered as all others do: a reset would end its entry.
  for (const match of ['-p tcp --syn', '-p udp'])
    run('ip', 'netns', 'exec', client, 'iptables-nft', '-A', 'INPUT', ...match.split(' '), '-j', 'DROP');
});
afterEach(() => {
  for (const namespace of [node, client]) run('ip', 'netns', 'delete', namespace);
});

/** In the client's namespace, all at once: one attempt per source port; the error codes by source port. */
const SENDER = `
const errors = {};
const attempt = ({ protocol, sourceIP, destIP, destPort }, localPort) => new Promise((done) => {
  const failed = (error) => { errors[localPort] = error.code; };
  if (protocol === 'TCP') {
    const options = { host: destIP, port: destPort, localAddress: sourceIP, localPort };
    const socket = require('node:net').connect(options).on('error', failed);
    setTimeout(() => { socket.destroy(); done(); }, 500);
  } else {
    const socket = require('node:dgram').createSocket('udp4').on('error', failed);
    socket.bind(localPort, sourceIP, () => socket.connect(destPort, destIP, () => socket.send('x')));
    setTimeout(() => { socket.close(); done(); }, 500);
  }
});
const [flows, firstPort, attempts] = JSON.parse(process.argv[1]);
Promise.all(flows.flatMap((flow, n) =>
  Array.from({ length: attempts }, (_, k) => attempt(flow, firstPort + n * attempts + k)),
)).then(() => console.log(JSON.stringify(errors)));
`;
const FIRST_PORT = 20_000;

interface Outcome {
  readonly flow: string;
  readonly dnatTo: readonly string[];
  readonly masq: boolean;
  readonly verdict: PeerFlow['expected']['verdict'];
}

function send(flows: readonly PeerFlow[]): readonly Outcome[] {
  const order = JSON.stringify([flows, FIRST_PORT, ATTEMPTS]);
  const errors: Record<string, string> = JSON.parse(
    run('ip', 'netns', 'exec', client, process.execPath, '-e', SENDER, order),
  );
  const entries = run('ip', 'netns', 'exec', node, 'conntrack', '-L')
    .split('\n')
    .map((line) => {
      const all = (key: string): string[] =>
        [...line.matchAll(new RegExp(`\\b${key}=(\\S+)`, 'g'))].map((match) => match[1] ?? '');
      return {
        source: all('src')[0],
        port: Number(all('sport')[0]),
        answers: `${all('src')[1]}:${all('sport')[1]}`,
        answersTo: all('dst')[1],
      };
    });
  return flows.map((flow, n) => {
    const isOurs = (port: number): boolean => Math.floor((port - FIRST_PORT) / ATTEMPTS) === n;
    const own = entries.filter((entry) => entry.source === flow.sourceIP && isOurs(entry.port));
    const codes = Object.keys(errors).filter((port) => isOurs(Number(port)));
    const rejected = codes.some((port) => errors[port] === 'ECONNREFUSED');
    return {
      flow: flow.name,
      dnatTo: [...new Set(own.map((e) => e.answers))].filter((e) => e !== `${flow.destIP}:${flow.destPort}`).sort(),
      masq: own.some((entry) => entry.answersTo !== flow.sourceIP),
      verdict: rejected ? 'REJECT' : own.length === 0 ? 'DROP' : null,
    };
  });
}

describe.each(['nft', 'legacy'])('under the rules that are written, with iptables-%s', (variant) => {
  if (peerCasesMissing !== null) it.skip(`skipped: ${peerCasesMissing}`, () => {});
  it.each(peerCases())('packets go where kube-proxy sends them: $name', ({ input, flows }) => {
    for (const address of input.nodeIps.filter((text) => !text.includes(':')))
      ip(node, `address add ${address}/32 dev lo`);
    execFileSync('ip', ['netns', 'exec', node, `iptables-${variant}-restore`], { input: writeKubeProxyRules(input) });
    // Node has no SCTP sockets.
    const sent = flows.filter((flow) => flow.protocol !== 'SCTP');
    for (const source of new Set(sent.map((flow) => flow.sourceIP))) {
      ip(client, `address add ${source}/32 dev lo`);
      ip(node, `route add ${source}/32 via 169.254.1.2`);
    }
    expect(send(sent)).toEqual(
      sent.map(({ name, expected }) => ({ flow: name, ...expected, dnatTo: expected.dnatTo.toSorted() })),
    );
  });
});
