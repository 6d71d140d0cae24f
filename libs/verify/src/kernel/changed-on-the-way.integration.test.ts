/** Packets that are translated, redirected, taken by a proxy, bridged: still known in the trace, still answered. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Observation } from '../world/observation.ts';
import type { FlowSpec, NamespaceSpec } from '../world/spec.ts';
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

/** A client, what is in the middle, and a server on 10.2.0.2. */
const chain = (middle: Partial<NamespaceSpec>, server: Partial<NamespaceSpec> = {}): Promise<RunningWorld> =>
  kernel.bringUp(
    worldOf([
      namespaceOf('client', {
        links: ['link set lo up', 'link add eth0 type veth peer name left netns {middle}'],
        ip: ['addr add 10.1.0.2/24 dev eth0', 'link set eth0 up', 'route add default via 10.1.0.1'],
      }),
      namespaceOf('middle', {
        sysctls: ['net/ipv4/ip_forward = 1'],
        links: ['link set lo up', 'link add right type veth peer name eth0 netns {server}'],
        ip: [
          'addr add 10.1.0.1/24 dev left',
          'addr add 10.2.0.1/24 dev right',
          'link set left up',
          'link set right up',
        ],
        ...middle,
      }),
      namespaceOf('server', {
        links: ['link set lo up'],
        ip: ['addr add 10.2.0.2/24 dev eth0', 'link set eth0 up', 'route add default via 10.2.0.1'],
        sockets: [
          { protocol: 'tcp', family: 'ipv4', address: '0.0.0.0', port: 80 },
          { protocol: 'udp', family: 'ipv4', address: '0.0.0.0', port: 53 },
        ],
        ...server,
      }),
    ]),
  );

async function observe(
  given: Omit<Parameters<typeof flowOf>[0], 'from'>,
): Promise<Observation & { readonly sent: FlowSpec }> {
  const flow = flowOf({ from: 'client', ...given });
  const [observation] = (await world?.observe(flow)) ?? [];
  if (observation === undefined) throw new Error('nothing was observed');
  return { ...observation, sent: flow };
}

const met = ({ rules }: { readonly rules: Observation['rules'] }): string[] =>
  (rules ?? ['the trace was not heard']).map((rule) =>
    typeof rule === 'string' ? rule : `${rule.direction} ${rule.table} ${rule.chain} ${rule.rule}`,
  );

it('both addresses translated on the way, and back', async () => {
  world = await chain({
    iptablesNft: [
      '*nat',
      '-A PREROUTING -d 10.9.9.9/32 -p tcp --dport 8080 -j DNAT --to-destination 10.2.0.2:80',
      '-A PREROUTING -d 10.9.9.9/32 -p udp --dport 8053 -j DNAT --to-destination 10.2.0.2:53',
      '-A POSTROUTING -o right -p udp -j MASQUERADE --to-ports 50000-50001',
      'COMMIT',
    ],
  });
  const udp = await observe({ protocol: 'udp', destination: '10.9.9.9', dport: 8053 });
  expect(udp.heard).toEqual({ kind: 'answer' });
  expect(udp.received).toMatchObject({ source: '10.2.0.1', destination: '10.2.0.2', dport: 53 });
  expect([50_000, 50_001]).toContain(udp.received?.sport);
  expect(met(udp)).toEqual(['forward nat PREROUTING 2', 'forward nat POSTROUTING 1']);
  const tcp = await observe({ protocol: 'tcp', destination: '10.9.9.9', dport: 8080 });
  expect(tcp.heard).toEqual({ kind: 'answer' });
  expect(tcp.received).toMatchObject({ source: '10.1.0.2', sport: tcp.sent.sport, destination: '10.2.0.2', dport: 80 });
  expect(met(tcp)).toEqual(['forward nat PREROUTING 1', 'forward nat POSTROUTING policy']);
});

it('an error about a translated packet', async () => {
  world = await chain(
    { iptablesNft: ['*nat', '-A PREROUTING -d 10.9.9.9/32 -j DNAT --to-destination 10.2.0.2', 'COMMIT'] },
    {
      nft: [
        'table ip t { chain c { type filter hook input priority 0; udp dport 9 reject with icmp host-prohibited; }',
        '}',
      ],
    },
  );
  const observation = await observe({ protocol: 'udp', destination: '10.9.9.9', dport: 9 });
  // Its sender is translated back as well: it seems to come from where the packet was sent to.
  expect(observation.heard).toEqual({ kind: 'icmp', type: 3, code: 10, from: '10.9.9.9', mtu: null });
  expect(met(observation)).toContain('forward t c 1');
});

it('a transparent proxy takes packets for others and answers in their name', async () => {
  world = await chain({
    iptablesLegacy: [
      '*mangle',
      '-A PREROUTING -p udp --dport 53 -j TPROXY --on-port 1053 --tproxy-mark 1',
      '-A PREROUTING -p tcp --dport 80 -j TPROXY --on-port 1080 --tproxy-mark 1',
      'COMMIT',
    ],
    ip: [
      'addr add 10.1.0.1/24 dev left',
      'addr add 10.2.0.1/24 dev right',
      'link set left up',
      'link set right up',
      'rule add fwmark 1 lookup 100',
      'route add local default dev lo table 100',
    ],
    sockets: [
      { protocol: 'udp', family: 'ipv4', address: '0.0.0.0', port: 1053, transparent: true },
      { protocol: 'tcp', family: 'ipv4', address: '0.0.0.0', port: 1080, transparent: true },
    ],
  });
  for (const given of [
    { protocol: 'udp', destination: '10.2.0.2', dport: 53 },
    { protocol: 'tcp', destination: '10.2.0.2', dport: 80 },
  ] as const) {
    const observation = await observe(given);
    expect(observation.heard).toEqual({ kind: 'answer' });
    expect(observation.received).toMatchObject({
      namespace: 'middle',
      destination: '10.2.0.2',
      dport: given.dport,
      mark: 1,
      iif: 'left',
    });
  }
});

it('a bridge, its own rules and those of IP that it calls', async () => {
  world = await kernel.bringUp(
    worldOf([
      namespaceOf('client', {
        links: ['link set lo up', 'link add eth0 type veth peer name left netns {middle}'],
        ip: ['addr add 10.0.0.1/24 dev eth0', 'link set eth0 up'],
      }),
      namespaceOf('middle', {
        sysctls: ['net/bridge/bridge-nf-call-iptables = 1'],
        links: ['link add br0 type bridge', 'link add right type veth peer name eth0 netns {server}'],
        ip: ['link set left master br0 up', 'link set right master br0 up', 'link set br0 up'],
        nft: [
          'table bridge b { chain c { type filter hook forward priority -10; ether type arp accept; udp dport 53 counter; }; }',
          'table ip i { chain c { type filter hook forward priority 0; udp dport 54 drop; udp dport 53 counter; }; }',
          'table netdev d { chain c { type filter hook ingress device "left" priority 0; udp dport 53 counter; }; }',
        ],
      }),
      namespaceOf('server', {
        ip: ['addr add 10.0.0.2/24 dev eth0', 'link set eth0 up'],
        sockets: [{ protocol: 'udp', family: 'ipv4', address: '0.0.0.0', port: 53 }],
      }),
    ]),
  );
  const observation = await observe({ protocol: 'udp', destination: '10.0.0.2', dport: 53 });
  expect(observation.heard).toEqual({ kind: 'answer' });
  expect(observation.received).toMatchObject({ ttl: 64, source: '10.0.0.1' });
  expect(met(observation)).toEqual([
    'forward d c 1',
    'forward d c policy',
    'forward b c 2',
    'forward b c policy',
    'forward i c 2',
    'forward i c policy',
    'reply b c policy',
    'reply i c policy',
  ]);
});

it('who is told of many routes that are missing is not told of all', async () => {
  world = await chain({ ip: ['addr add 10.1.0.1/24 dev left', 'link set left up'] });
  const observations = await world.observe(
    flowOf({ from: 'client', protocol: 'udp', destination: '10.7.0.1', dport: 1, repeat: 8 }),
  );
  expect(observations.slice(0, 5).map(({ heard }) => heard.kind)).toEqual(Array.from({ length: 5 }, () => 'icmp'));
  expect(observations.at(-1)).toMatchObject({ heard: { kind: 'silence' }, mayBeHeldBack: true });
});
