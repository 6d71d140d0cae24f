/** What one packet leaves behind, the next one does not meet. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { NamespaceSpec } from '../world/spec.ts';
import { type Kernel, type RunningWorld, startKernel } from './kernel.ts';
import { flowOf, namespaceOf, worldOf } from './worlds.ts';

let kernel: Kernel;
let world: RunningWorld | null = null;

beforeAll(async () => {
  kernel = await startKernel();
});
afterEach(async () => {
  await world?.close();
  world = null;
});
afterAll(async () => {
  await kernel.close();
});

const server = namespaceOf('server', {
  links: ['link set lo up'],
  ip: ['addr add 10.1.0.1/24 dev eth0', 'link set eth0 up'],
  sockets: [{ protocol: 'udp', family: 'ipv4', address: '0.0.0.0', port: 53 }],
});
const client = (given: Partial<NamespaceSpec> = {}): NamespaceSpec =>
  namespaceOf('client', {
    links: ['link set lo up', 'link add eth0 type veth peer name eth0 netns {server}'],
    ip: ['addr add 10.1.0.2/24 dev eth0', 'link set eth0 up'],
    ...given,
  });
const ask = (given = {}) =>
  flowOf({ from: 'client', protocol: 'udp', destination: '10.1.0.1', dport: 53, source: '10.1.0.2', ...given });

it('connections that are all translated to one port: each is answered from it', async () => {
  const snat = ['*nat', '-A POSTROUTING -p udp -j SNAT --to-source 10.1.0.2:4000', 'COMMIT'];
  world = await kernel.bringUp(worldOf([client({ iptablesLegacy: snat }), server]));
  const seen = [...(await world.observe(ask({ repeat: 3 }))), ...(await world.observe(ask()))];
  expect(seen.map(({ heard, received }) => [heard.kind, received?.sport])).toEqual(Array(4).fill(['answer', 4000]));
});

it('an earlier connection of the prelude stays', async () => {
  const snat = ['*nat', '-A POSTROUTING -p udp -j SNAT --to-source 10.1.0.2:4000', 'COMMIT'];
  world = await kernel.bringUp(worldOf([client({ iptablesLegacy: snat }), server], [ask({ id: 'before' })]));
  const [seen] = await world.observe(ask());
  // Its port is taken: there is no other to go to.
  expect([seen?.heard.kind, seen?.received]).toEqual(['error', null]);
});

it('who did not answer is asked again', async () => {
  world = await kernel.bringUp(worldOf([client(), server]));
  const seen = await world.observe(ask({ destination: '10.1.0.77', repeat: 3 }));
  expect(seen.map(({ heard }) => heard.kind)).toEqual(['icmp', 'icmp', 'icmp']);
});

it('an address in a set that has no MAC yet goes with each MAC', async () => {
  const sets = ['create s bitmap:ip,mac range 10.1.0.0/24', 'add s 10.1.0.2'];
  const reject = ['*filter', '-A INPUT -m set --match-set s src,src -j REJECT', 'COMMIT'];
  const asker = (name: string): NamespaceSpec =>
    namespaceOf(name, { ip: ['addr add 10.1.0.2/24 dev eth0', 'link set eth0 up'] });
  const bridge = namespaceOf('server', {
    links: [
      'link set lo up',
      'link add br0 type bridge',
      ...['one', 'other'].map((name) => `link add ${name} type veth peer name eth0 netns {${name}}`),
    ],
    ip: [
      ...['one', 'other'].flatMap((name) => [`link set ${name} master br0`, `link set ${name} up`]),
      'link set br0 up',
      'addr add 10.1.0.1/24 dev br0',
    ],
    sockets: server.sockets,
    ipset: sets,
    iptablesLegacy: reject,
  });
  world = await kernel.bringUp(worldOf([bridge, asker('one'), asker('other')]));
  const seen = [];
  for (const from of ['one', 'other', 'one']) seen.push(...(await world.observe(ask({ from }))));
  expect(seen.map(({ heard }) => heard.kind)).toEqual(['icmp', 'icmp', 'icmp']);
});
