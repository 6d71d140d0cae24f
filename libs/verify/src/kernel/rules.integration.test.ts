/** Rules met, by tool and number, as the kernel itself tells them. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Observation, RuleSeen } from '../world/observation.ts';
import type { NamespaceSpec } from '../world/spec.ts';
import { type Kernel, type RunningWorld, startKernel } from './kernel.ts';
import { flowOf, namespaceOf, worldOf } from './worlds.ts';

let kernel: Kernel;
let world: RunningWorld | null = null;

beforeAll(async () => {
  kernel = await startKernel();
});
afterAll(async () => {
  await kernel.close();
});

/** A client and a server on one wire, the server with these rules. */
async function withRules(given: Partial<NamespaceSpec>): Promise<void> {
  await world?.close();
  world = await kernel.bringUp(
    worldOf([
      namespaceOf('client', {
        links: ['link set lo up', 'link add eth0 type veth peer name eth0 netns {server}'],
        ip: ['addr add 10.0.0.1/24 dev eth0', 'addr add fd00::1/64 dev eth0', 'link set eth0 up'],
      }),
      namespaceOf('server', {
        links: ['link set lo up'],
        ip: ['addr add 10.0.0.2/24 dev eth0', 'addr add fd00::2/64 dev eth0', 'link set eth0 up'],
        sockets: [
          { protocol: 'tcp', family: 'ipv6', address: '::', port: 80 },
          { protocol: 'udp', family: 'ipv6', address: '::', port: 53 },
        ],
        ...given,
      }),
    ]),
  );
}

type Given = Omit<Parameters<typeof flowOf>[0], 'from'>;

async function observe(given: Given): Promise<Observation & { readonly rules: readonly RuleSeen[] }> {
  const [observation] = (await world?.observe(flowOf({ from: 'client', ...given }))) ?? [];
  if (observation === undefined) throw new Error('nothing was observed');
  if (observation.rules === null) throw new Error('the trace was not heard');
  return { ...observation, rules: observation.rules };
}

/** `forward iptables-legacy filter INPUT 1`; all of the server's. */
const rulesOf = async (given: Given): Promise<string[]> =>
  (await observe(given)).rules.map(({ namespace, direction, tool, table, chain, rule }) => {
    expect(namespace).toBe('server');
    return `${direction} ${tool} ${table} ${chain} ${rule}`;
  });

const udp: Given = { protocol: 'udp', destination: '10.0.0.2', dport: 53 };
const udp6: Given = { protocol: 'udp', destination: 'fd00::2', dport: 53 };
const tcp: Given = { protocol: 'tcp', destination: '10.0.0.2', dport: 80 };

it('legacy: jumps, returns, rules without conditions and the policy', async () => {
  await withRules({
    iptablesLegacy: [
      '*filter',
      ':ASK -',
      '-A INPUT -p udp --dport 54 -j ACCEPT',
      '-A INPUT -p udp -j ASK',
      '-A INPUT -p icmp -j ACCEPT',
      '-A INPUT -j ACCEPT',
      '-A ASK -p udp --sport 1 -j DROP',
      '-A ASK -p udp --dport 53 -m comment --comment seen',
      '-A ASK -j RETURN',
      'COMMIT',
    ],
    ip6tablesLegacy: ['*raw', '-A PREROUTING -p udp --dport 53 -j CT --notrack', 'COMMIT'],
  });
  expect(await rulesOf(udp)).toEqual([
    'forward iptables-legacy filter INPUT 2',
    'forward iptables-legacy filter ASK 2',
    'forward iptables-legacy filter ASK 3',
    'forward iptables-legacy filter INPUT 4',
    'reply iptables-legacy filter OUTPUT policy',
  ]);
  expect(await rulesOf({ protocol: 'icmp', destination: '10.0.0.2' })).toEqual([
    'forward iptables-legacy filter INPUT 3',
    'reply iptables-legacy filter OUTPUT policy',
  ]);
  expect(await rulesOf(udp6)).toEqual([
    'forward ip6tables-legacy raw PREROUTING 1',
    'forward ip6tables-legacy raw PREROUTING policy',
    'reply ip6tables-legacy raw OUTPUT policy',
  ]);
});

it('iptables-nft and ip6tables-nft: positions within their chains', async () => {
  await withRules({
    iptablesNft: [
      '*filter',
      ':ASK -',
      '-A INPUT -p udp --dport 54 -j ACCEPT',
      '-A INPUT -p udp -j ASK',
      '-A ASK -p udp --sport 1 -j DROP',
      '-A ASK -p udp --dport 53',
      'COMMIT',
    ],
    ip6tablesNft: ['*filter', '-A INPUT -p tcp -j DROP', '-A INPUT -p udp -j REJECT', 'COMMIT'],
  });
  expect(await rulesOf(udp)).toEqual([
    'forward iptables-nft filter INPUT 2',
    'forward iptables-nft filter ASK 2',
    'forward iptables-nft filter INPUT policy',
  ]);
  const rejected = await observe(udp6);
  expect(rejected.heard).toMatchObject({ kind: 'icmp', type: 1, code: 4, from: 'fd00::2' });
  expect(rejected.rules).toEqual([
    { namespace: 'server', direction: 'forward', tool: 'ip6tables-nft', table: 'filter', chain: 'INPUT', rule: 2 },
  ]);
});

it('legacy, iptables-nft and native tables in the order of their priorities', async () => {
  await withRules({
    iptablesLegacy: ['*filter', '-A INPUT -p tcp --dport 80', 'COMMIT'],
    iptablesNft: ['*mangle', '-A PREROUTING -p tcp', 'COMMIT'],
    nft: [
      'table inet own {',
      '  chain first { type filter hook input priority -10; policy accept; tcp dport 81 accept; tcp dport 80 jump next; }',
      '  chain next { counter; meta mark set 7 return; }',
      '  chain last { type filter hook output priority 300; meta l4proto tcp counter; }',
      '}',
    ],
  });
  expect(await rulesOf(tcp)).toEqual([
    'forward iptables-nft mangle PREROUTING 1',
    'forward iptables-nft mangle PREROUTING policy',
    'forward inet own first 2',
    'forward inet own next 1',
    'forward inet own next 2',
    'forward inet own first policy',
    'forward iptables-legacy filter INPUT 1',
    'forward iptables-legacy filter INPUT policy',
    'reply iptables-legacy filter OUTPUT policy',
    'reply inet own last 1',
    'reply inet own last policy',
  ]);
  expect((await observe(tcp)).received?.mark).toBe(7);
});

it('the reset that a rule sends is what comes back', async () => {
  await withRules({
    nft: [
      'table ip t {',
      'chain in { type filter hook input priority 0; tcp dport 80 reject with tcp reset; }',
      'chain out { type filter hook output priority 0; tcp flags rst counter; }',
      '}',
    ],
  });
  const observation = await observe(tcp);
  expect(observation.heard).toEqual({ kind: 'reset' });
  expect(observation.rules.map(({ direction, chain, rule }) => `${direction} ${chain} ${rule}`)).toEqual([
    'forward in 1',
    'reply out 1',
    'reply out policy',
  ]);
});

it('fragments are met as one packet, with conntrack and without', async () => {
  const rule = 'type filter hook prerouting priority -450; udp dport 53 counter;';
  await withRules({ nft: [`table ip t { chain c { ${rule} }`, '}'] });
  expect(await rulesOf({ ...udp, sizeBytes: 4000 })).toEqual(['forward ip t c 1', 'forward ip t c policy']);
  await withRules({
    nft: [
      `table ip t { chain c { ${rule} }`,
      'chain known { type filter hook input priority 0; ct state new counter; }',
      '}',
    ],
  });
  expect(await rulesOf({ ...udp, sizeBytes: 4000 })).toEqual([
    'forward ip t c 1',
    'forward ip t c policy',
    'forward ip t known 1',
    'forward ip t known policy',
  ]);
});

it('another packet of a connection that the prelude left open', async () => {
  await world?.close();
  const opening = flowOf({ from: 'client', ...tcp });
  world = await kernel.bringUp(
    worldOf(
      [
        namespaceOf('client', {
          links: ['link set lo up', 'link add eth0 type veth peer name eth0 netns {server}'],
          ip: ['addr add 10.0.0.1/24 dev eth0', 'link set eth0 up'],
        }),
        namespaceOf('server', {
          ip: ['addr add 10.0.0.2/24 dev eth0', 'link set eth0 up'],
          nft: [
            'table ip t { chain c { type filter hook input priority 0; ct state new counter; ct state established counter; }',
            '}',
          ],
          sockets: [{ protocol: 'tcp', family: 'ipv4', address: '0.0.0.0', port: 80 }],
        }),
      ],
      [opening],
    ),
  );
  const sections = await world.collect([opening]);
  const entries = sections.get('server')?.find(({ kind }) => kind === 'conntrack');
  expect(entries).toMatchObject({
    text: expect.stringContaining(`ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=${opening.sport}`),
  });
  const more = { ...opening, id: 'more', continues: opening.id };
  const [observation] = await world.observe(more);
  expect(observation?.heard).toEqual({ kind: 'answer' });
  expect(observation?.rules?.map(({ direction, rule }) => `${direction} ${rule}`)).toEqual([
    'forward 2',
    'forward policy',
  ]);
});

it('a line that a tool refuses is named', async () => {
  await expect(
    kernel.bringUp(worldOf([namespaceOf('a', { ip: ['link set lo up', 'route add 10.0.0.0/8 via 1.2.3.4'] })])),
  ).rejects.toThrow('a world is up');
  await world?.close();
  world = null;
  const refusals = [
    [{ ip: ['link set lo up', 'route add 10.0.0.0/8 via 1.2.3.4'] }, 'ip', 'route add 10.0.0.0/8 via 1.2.3.4'],
    [
      { nft: ['table ip t {', 'chain c { udp dport 99999 accept; }', '}'] },
      'nft',
      'chain c { udp dport 99999 accept; }',
    ],
    [{ iptablesLegacy: ['*filter', '-A INPUT -j NONE', 'COMMIT'] }, 'iptables-legacy-restore', '-A INPUT -j NONE'],
    [{ iptablesNft: ['*filter', '-A INPUT -m nomatch', 'COMMIT'] }, 'iptables-nft-restore', '-A INPUT -m nomatch'],
    [{ ipset: ['create s hash:ip', 'add t 1.2.3.4'] }, 'ipset', 'add t 1.2.3.4'],
    [{ sysctls: ['net/ipv4/no_such = 1'] }, 'sysctl', 'net/ipv4/no_such = 1'],
    [
      { ip: ['link set lo up'], sockets: [{ protocol: 'udp', family: 'ipv4', address: '10.9.9.9', port: 1 }] },
      'socket',
      null,
    ],
  ] as const;
  for (const [given, tool, line] of refusals)
    await expect(kernel.bringUp(worldOf([namespaceOf('a', given)])), tool).rejects.toMatchObject({
      name: 'WorldRefused',
      namespace: 'a',
      tool,
      ...(line === null ? {} : { line }),
    });
});
