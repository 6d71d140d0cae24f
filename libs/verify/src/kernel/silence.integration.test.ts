/** Silence is said only when nothing is on its way any more: also on a machine whose processors are all taken. */
import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Kernel, type RunningWorld, startKernel } from './kernel.ts';
import { flowOf, namespaceOf, worldOf } from './worlds.ts';

const HOPS = 12;
const busy: ChildProcess[] = [];
let kernel: Kernel;
let world: RunningWorld;

/** A chain of routers: the more devices on the way, the longer a packet is between them. */
function chain() {
  const names = Array.from({ length: HOPS }, (_, i) => `h${i}`);
  return names.map((name, i) => {
    const next = names[i + 1];
    const last = HOPS - 1;
    return namespaceOf(name, {
      sysctls: ['net/ipv4/ip_forward = 1'],
      links: [
        'link set lo up',
        ...(next === undefined ? [] : [`link add right type veth peer name left netns {${next}}`]),
      ],
      ip: [
        ...(i > 0 ? [`addr add 10.0.${i - 1}.2/24 dev left`, 'link set left up'] : []),
        ...(i < last ? [`addr add 10.0.${i}.1/24 dev right`, 'link set right up'] : []),
        ...(i < last - 1 ? [`route add 10.0.${last - 1}.0/24 via 10.0.${i}.2`] : []),
        ...(i > 1 ? [`route add 10.0.0.0/24 via 10.0.${i - 1}.1`] : []),
      ],
      sockets:
        i === last
          ? [
              { protocol: 'udp', family: 'ipv4', address: '0.0.0.0', port: 53 },
              { protocol: 'tcp', family: 'ipv4', address: '0.0.0.0', port: 80 },
            ]
          : [],
    });
  });
}

beforeAll(async () => {
  kernel = await startKernel();
  world = await kernel.bringUp(worldOf(chain()));
  for (let i = 0; i < 3 * availableParallelism(); i++)
    busy.push(spawn(process.execPath, ['-e', 'for (;;) Math.sqrt(2)'], { stdio: 'ignore' }));
});

afterAll(async () => {
  for (const child of busy) child.kill('SIGKILL');
  await world?.close();
  await kernel?.close();
});

it.each(['udp', 'tcp', 'icmp'] as const)(
  '%s over twelve hosts is answered 300 times out of 300 while every processor is taken three times over',
  async (protocol) => {
    const destination = `10.0.${HOPS - 2}.2`;
    const dport = protocol === 'udp' ? 53 : protocol === 'tcp' ? 80 : 0;
    const seen = await world.observe(
      flowOf({ from: 'h0', protocol, destination, dport, source: '10.0.0.1', repeat: 300, sport: 30_000 }),
    );
    expect(seen.filter(({ heard }) => heard.kind !== 'answer')).toEqual([]);
  },
);

it('an error that only a timer brings is waited for: nobody has the address', async () => {
  const seen = [];
  for (let i = 0; i < 30; i++)
    seen.push(
      ...(await world.observe(
        flowOf({
          from: 'h0',
          protocol: 'udp',
          destination: `10.0.${HOPS - 2}.${100 + i}`,
          dport: 53,
          source: '10.0.0.1',
        }),
      )),
    );
  // One sender is told five of a route's errors at once and then one a second.
  const silent = seen.filter(({ heard, mayBeHeldBack }) => heard.kind === 'silence' && !mayBeHeldBack);
  expect(silent).toEqual([]);
  expect(seen.some(({ heard }) => heard.kind === 'icmp')).toBe(true);
});
