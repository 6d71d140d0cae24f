/** A world that never becomes quiet is given up with its reason, and the next one is judged. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bareNamespace, PLAIN_FLOW } from '../world/defaults.ts';
import type { FlowSpec, WorldSpec } from '../world/spec.ts';
import { type Kernel, startKernel } from './kernel.ts';

let kernel: Kernel;
beforeAll(async () => {
  kernel = await startKernel();
});
afterAll(() => kernel.close());

const ping: FlowSpec = {
  ...PLAIN_FLOW,
  id: 'f1',
  from: 'a',
  family: 'ipv4',
  protocol: 'icmp',
  source: '10.1.0.1',
  sport: 1,
  destination: '10.1.0.2',
  dport: 0,
};

/** Two bridges with two wires between them: what is sent to everybody goes round, and a rule meets it each time. */
const circle = (id: string, wires: readonly string[]): WorldSpec => ({
  id,
  namespaces: [
    {
      ...bareNamespace(),
      name: 'a',
      // Nothing is sent to everybody before the packet is.
      sysctls: ['net/ipv6/conf/all/disable_ipv6 = 1', 'net/ipv6/conf/default/disable_ipv6 = 1'],
      links: [
        'link set lo up',
        'link add br0 type bridge',
        'link add br1 type bridge',
        ...wires.map((wire) => `link add ${wire}0 type veth peer name ${wire}1`),
      ],
      ip: [
        'link set br0 up',
        'link set br1 up',
        ...wires.flatMap((wire) =>
          [0, 1].flatMap((end) => [`link set ${wire}${end} master br${end}`, `link set ${wire}${end} up`]),
        ),
        'address add 10.1.0.1/24 dev br0',
      ],
      nft: ['table bridge t {', 'chain c {', '  type filter hook forward priority 0; policy accept;', '}', '}'],
    },
  ],
  prelude: [],
  flows: [ping],
});

it('packets that go round without end are given up after seconds, and said so', { timeout: 60_000 }, async () => {
  const world = await kernel.bringUp(circle('circle', ['v', 'w']));
  await expect(world.observe(ping)).rejects.toThrow(/flow f1: its packets go round without end/);
  await world.close();
  const after = await kernel.bringUp(circle('line', ['v']));
  await expect(after.observe(ping)).resolves.toMatchObject([{ heard: { kind: 'icmp' } }]);
  await after.close();
});
