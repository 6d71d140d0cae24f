/** A node with a client and two endpoints behind it, in scratch namespaces, routed; receivers listen in the endpoints. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { batch, type Scratch, scratchNamespace } from '../../services/collector-agent/src/testing/scratch.ts';
import { CLIENT, ENDPOINTS, type Mode, PORT } from './services.ts';

const SEND = fileURLToPath(new URL('./send.ts', import.meta.url));
const LISTEN = `const s=require('node:dgram').createSocket('udp4');s.bind(${PORT},()=>console.log('up'))`;

export interface BenchNode {
  readonly node: Scratch;
  readonly client: Scratch;
  readonly all: readonly Scratch[];
  load(mode: Mode, rules: string): void;
  /** Microseconds for a packet of a new connection, to each address in turn. */
  send(addresses: readonly string[]): number;
  remove(): void;
}

export const inodeOf = (scratch: Scratch): number => statSync(scratch.path).ino;

export async function benchNode(): Promise<BenchNode> {
  const node = scratchNamespace('bn');
  const ends = [...ENDPOINTS, CLIENT].map((address) => ({ address, scratch: scratchNamespace('be') }));
  const listeners: ChildProcess[] = [];
  const remove = (): void => {
    for (const child of listeners) child.kill();
    for (const scratch of [node, ...ends.map((end) => end.scratch)]) scratch.remove();
  };
  try {
    node.run(['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.netfilter.nf_conntrack_max=1000000']);
    ends.forEach(({ address, scratch }, i) => {
      batch(node, [
        `link add v${i} type veth peer name eth0 netns ${scratch.name}`,
        `addr add ${address.replace(/1$/, '254')}/24 dev v${i}`,
        `link set v${i} up`,
      ]);
      batch(scratch, [
        `addr add ${address}/24 dev eth0`,
        'link set eth0 up',
        `route add default via ${address.replace(/1$/, '254')}`,
      ]);
    });
    for (const { scratch } of ends.slice(0, ENDPOINTS.length)) {
      const child = spawn('ip', ['netns', 'exec', scratch.name, process.execPath, '-e', LISTEN], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      listeners.push(child);
      if (child.stdout) await once(child.stdout, 'data');
    }
  } catch (error) {
    remove();
    throw error;
  }
  const client = ends.at(-1)?.scratch;
  if (!client) throw new Error('no client');
  return {
    node,
    client,
    all: [node, ...ends.map((end) => end.scratch)],
    load(mode, rules) {
      if (mode === 'iptables') node.run(['iptables-legacy-restore'], rules);
      else node.run(['nft', '-f', '-'], rules);
    },
    send(addresses) {
      const argv = ['netns', 'exec', client.name, process.execPath, SEND, String(PORT), ...addresses];
      return Number(execFileSync('ip', argv, { encoding: 'utf8' }));
    },
    remove,
  };
}
