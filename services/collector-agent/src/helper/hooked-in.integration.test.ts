/** What may lose packets beside iptables: queues, IPsec policies and the families of nftables, as the kernel has them. */

import { type Helper, startHelper } from '@netverdict/collect';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { builtHelper } from '../configuration.ts';
import { type Scratch, scratchNamespace } from '../testing/scratch.ts';

let scratch: Scratch;
let helper: Helper;
beforeEach(() => {
  scratch = scratchNamespace('hooked');
  helper = startHelper(builtHelper, { info() {}, warn() {} });
  scratch.run(['ip', 'link', 'add', 'd0', 'type', 'veth', 'peer', 'name', 'd1']);
  scratch.run(['ip', 'link', 'set', 'd0', 'up']);
});
afterEach(async () => {
  await helper.close();
  scratch.remove();
});

async function read(
  kind: 'netfilter-hooks' | 'attached-programs' | 'nftables' | 'iptables-nft-save',
  by = helper,
): Promise<string> {
  const { sections } = await by.collect({
    path: scratch.path,
    kinds: [kind],
    flows: [],
    knownPaths: [],
    timeLimitMs: 20_000,
  });
  const [section] = sections;
  if (section === undefined || 'missing' in section) throw new Error(JSON.stringify(section));
  return section.text;
}

it.each([
  [
    'a token bucket with its numbers',
    'tbf rate 1mbit burst 32000 limit 64000',
    'tbf rate 125000 burst 32000 limit 64000',
  ],
  ['a queue without room', 'pfifo limit 0', /^pfifo without room$/],
])('qdisc: %s', async (_, qdisc, name) => {
  scratch.run(['tc', 'qdisc', 'replace', 'dev', 'd0', 'root', ...qdisc.split(' ')]);
  expect(JSON.parse(await read('attached-programs'))).toContainEqual({
    dev: 'd0',
    hook: 'qdisc',
    name: expect.stringMatching(name),
  });
});

it('hooks: their order, where the kernel lists them; null, where it does not', async () => {
  scratch.run(['nft', 'add table ip t; add chain ip t c { type filter hook forward priority 3; }']);
  const listed: unknown = JSON.parse(await read('netfilter-hooks'));
  // nft prints nothing where the kernel has no list.
  if (!scratch.run(['nft', 'list', 'hooks', 'ip']).includes('chain ip t c')) expect(listed).toBeNull();
  else
    expect(listed).toContainEqual(
      expect.objectContaining({ hook: 'forward', priority: 3, chain: { family: 'ip', table: 't', name: 'c' } }),
    );
});

it('qdisc: a queue with room says nothing', async () => {
  scratch.run(['tc', 'qdisc', 'replace', 'dev', 'd0', 'root', 'pfifo', 'limit', '10']);
  expect(await read('attached-programs')).not.toContain('qdisc');
});

it('xfrm: policies with their direction, selector and action', async () => {
  const add = (text: string): string => scratch.run(['ip', 'xfrm', 'policy', 'add', ...text.split(' ')]);
  add('dir fwd src 10.0.0.0/8 dst 0.0.0.0/0 action block');
  add('dir out src fd00::/8 dst ::/0 proto tcp action allow');
  add('dir in src 10.1.0.0/16 dst 10.2.0.0/16 tmpl src 192.0.2.1 dst 192.0.2.2 proto esp mode tunnel');
  const policies = (JSON.parse(await read('attached-programs')) as { hook: string }[]).filter((p) =>
    p.hook.startsWith('xfrm'),
  );
  expect(policies).toEqual(
    expect.arrayContaining([
      { dev: null, hook: 'xfrm fwd', name: 'src 10.0.0.0/8 dst 0.0.0.0/0 action block' },
      { dev: null, hook: 'xfrm out', name: 'src fd00::/8 dst ::/0 proto 6 action allow' },
      { dev: null, hook: 'xfrm in', name: 'src 10.1.0.0/16 dst 10.2.0.0/16 action allow tmpl' },
    ]),
  );
});

const table = (family: string, name: string, hook: string, flags = ''): string =>
  `table ${family} ${name} {\n ${flags}\n chain c {\n type filter hook ${hook} priority 0\n drop\n }\n}\n`;

it('nftables: of every family, a dormant table too', async () => {
  scratch.run(
    ['nft', '-f', '-'],
    table('bridge', 'b', 'output') +
      table('netdev', 'n', 'ingress device d0') +
      table('arp', 'a', 'input') +
      table('inet', 'sleeping', 'forward', 'flags dormant'),
  );
  const objects = (await read('nftables'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { table?: { family: string; flags: number } });
  expect(objects.flatMap((o) => (o.table ? [`${o.table.family} ${o.table.flags}`] : [])).sort()).toEqual([
    'arp 0',
    'bridge 0',
    'inet 1',
    'netdev 0',
  ]);
});

it("iptables' own table: dormant, it has no rules that apply", async () => {
  scratch.run(['iptables-nft', '-A', 'FORWARD', '-j', 'DROP']);
  expect(await read('iptables-nft-save')).toContain('-A FORWARD -j DROP');
  scratch.run(['nft', 'add table ip filter { flags dormant; }']);
  expect(await read('iptables-nft-save')).not.toContain('-j DROP');
});

it('nftables: what was read before of sets without a name is what a new reading says, whichever of them came and went', async () => {
  const nft = (text: string): string => scratch.run(['nft', '-f', '-'], text);
  const fresh = async (): Promise<string> => {
    const other = startHelper(builtHelper, { info() {}, warn() {} });
    try {
      return await read('nftables', other);
    } finally {
      await other.close();
    }
  };
  nft(`table ip t { set named { type ipv4_addr; elements = { 10.9.9.9 }; };
    chain c { type filter hook input priority 0; tcp dport { 80, 443 } accept; ip saddr @named drop; udp dport vmap { 53 : drop }; }; }`);
  const before = await read('nftables');
  expect(before).toContain('"01bb"');
  // A set of the same name, since the first free number is taken: another handle.
  nft('flush chain ip t c\nadd rule ip t c tcp dport { 81, 444 } accept\nadd element ip t named { 10.9.9.8 }');
  const changed = await read('nftables');
  expect(changed).not.toContain('"01bb"');
  expect(changed).toContain('"01bc"');
  expect(changed).toContain('"0a090908"');
  expect(changed).toBe(await fresh());
  nft('add rule ip t c tcp dport { 82, 445 } accept');
  expect(await read('nftables')).toBe(await fresh());
  nft('delete table ip t\nadd table ip t\nadd chain ip t c\nadd rule ip t c tcp dport { 83, 446 } accept');
  expect(await read('nftables')).toBe(await fresh());
});
