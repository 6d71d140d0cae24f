/** The kernel as judge: every rule is loaded with nft in a namespace and read back from the kernel. */
import type { NftSet } from '@netverdict/linux-net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { brief } from '../testing/brief.ts';
import { nftKernel } from '../testing/nft-kernel.ts';
import { ruleRows } from '../testing/nft-rules.ts';
import { rulesetOf } from '../testing/nft-world.ts';

let kernel: ReturnType<typeof nftKernel>;
beforeAll(() => {
  kernel = nftKernel('nv-nft-expr');
});
afterAll(() => kernel.close());

describe('expressions', () => {
  it.each(ruleRows())('$family: $rule', async ({ family, hook, rule, expressions }) => {
    kernel.load(rulesetOf(family, hook, rule));
    const { tables } = await kernel.read();
    const chain = tables[0]?.chains.find((c) => c.name === 'c');
    expect(chain?.rules.map((r) => r.expressions.map(brief))).toEqual([expressions]);
  });
});

const elements = (set: NftSet): readonly string[] =>
  set.elements.map((e) => {
    const data =
      e.data === null
        ? ''
        : ` : ${Object.values(e.data)
            .slice(1)
            .map((v: unknown) => (typeof v === 'object' && v !== null ? Object.values(v).join(' ') : String(v)))
            .join(' ')}`;
    const flags = [
      e.intervalEnd ? 'end' : '',
      e.timeoutMs === null ? '' : `timeout ${e.timeoutMs}`,
      ...e.expressions.map(brief),
    ];
    return [`${e.key ?? '*'}${e.keyEnd === null ? '' : `-${e.keyEnd}`}${data}`, ...flags].filter(Boolean).join(' ');
  });

const KIND = { anonymous: false, constant: false, interval: false, dynamic: false, map: 'none' } as const;
const SETS: readonly (readonly [string, string, Partial<NftSet>, readonly string[]])[] = [
  [
    'addresses',
    'set s { type ipv4_addr; elements = { 10.0.0.1 } }',
    { ...KIND, keyBytes: 4, fieldBytes: [4] },
    ['0a000001'],
  ],
  [
    'intervals: each with its end, and the end of what is below all',
    'set s { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.168.0.1-192.168.0.9 } }',
    { ...KIND, interval: true },
    ['00000000 end', '0a000000', '0b000000 end', 'c0a80001', 'c0a8000a end'],
  ],
  [
    'a concatenation is one key',
    'set s { type ipv4_addr . inet_service; elements = { 10.0.0.1 . 80 } }',
    { ...KIND, keyBytes: 8, fieldBytes: [8] },
    ['0a00000100500000'],
  ],
  [
    'a concatenation with ranges has its last key',
    'set s { type ipv4_addr . inet_service; flags interval; elements = { 10.0.0.0/24 . 80-90 } }',
    { ...KIND, interval: true, keyBytes: 8, fieldBytes: [4, 2] },
    ['0a00000000500000-0a0000ff005a0000'],
  ],
  [
    'timeouts',
    'set s { type inet_service; timeout 1h; elements = { 80, 81 timeout 10m } }',
    { ...KIND, timeoutMs: 3_600_000 },
    ['0050', '0051 timeout 600000'],
  ],
  ['one that rules add to', 'set s { type ipv4_addr; flags dynamic,timeout; }', { ...KIND, dynamic: true }, []],
  [
    'a catch-all',
    'map s { type ipv4_addr : verdict; elements = { 10.0.0.1 : accept, * : drop } }',
    { ...KIND, map: 'verdict', dataBytes: 16 },
    ['* : drop', '0a000001 : accept'],
  ],
  [
    'a map',
    'map s { type inet_service : ipv4_addr; elements = { 80 : 10.0.0.1 } }',
    { ...KIND, map: 'data', keyBytes: 2, dataBytes: 4 },
    ['0050 : 0a000001'],
  ],
  [
    'a map with intervals',
    'map s { type inet_service : mark; flags interval; elements = { 80-89 : 7 } }',
    { ...KIND, map: 'data', interval: true },
    ['0000 end', '0050 : 07000000', '005a end'],
  ],
  [
    'a verdict map that jumps',
    'map s { type inet_service : verdict; elements = { 80 : jump other } }',
    { ...KIND, map: 'verdict' },
    ['0050 : jump other'],
  ],
  [
    'a map to objects',
    'map s { type ipv4_addr : counter; elements = { 10.0.0.1 : "hits" } }',
    { ...KIND, map: 'object' },
    ['0a000001 : hits'],
  ],
  [
    'elements with a counter of their own',
    'set s { type ipv4_addr; counter; elements = { 10.0.0.1 counter packets 1 bytes 2 } }',
    {},
    ['0a000001 counter packets=1 bytes=2'],
  ],
  [
    'elements with a limit of their own',
    'set s { type ipv4_addr; limit rate 5/second; elements = { 10.0.0.2 } }',
    {},
    ['0a000002 limit type=packets rate=5 unitSeconds=1 burst=5 invert=false'],
  ],
];

describe('sets', () => {
  it.each(SETS)('%s', async (_, text, kind, expected) => {
    kernel.load(`table inet t {\n counter hits { }\n chain other { }\n ${text}\n}\n`);
    const set = (await kernel.read()).tables[0]?.sets[0];
    expect(set).toMatchObject({ name: 's', ...kind });
    expect(set && [...elements(set)].sort()).toEqual(expected);
  });

  it('of 5,000 elements come whole', async () => {
    const ports = Array.from({ length: 5000 }, (_, i) => i + 1);
    kernel.load(`table ip t {\n set s { type inet_service; elements = { ${ports.join(', ')} } }\n}\n`);
    const keys = (await kernel.read()).tables[0]?.sets[0]?.elements.map((e) => Number.parseInt(e.key ?? '', 16));
    expect(keys?.sort((a, b) => a - b)).toEqual(ports);
  });
});

it('tables, chains, hooks, objects, comments and handles', async () => {
  kernel.load(`table netdev d {
 chain in { type filter hook ingress device "lo" priority -5; policy drop; }
}
table inet t { flags dormant
 counter hits { packets 3 bytes 4 }
 quota much { over 100 bytes }
 limit slow { rate 5/second }
 ct helper ftp { type "ftp" protocol tcp; }
 synproxy guard { mss 1460 wscale 7 timestamp sack-perm; }
 chain own { }
 chain mangle { type route hook output priority mangle; accept comment "why it is here"; drop; }
}
`);
  const { tables, byteOrder } = await kernel.read();
  expect(byteOrder).toBe('little');
  const [netdev, inet] = tables;
  expect(netdev?.chains[0]?.base).toEqual({
    type: 'filter',
    hook: 'ingress',
    priority: -5,
    policy: 'drop',
    devices: ['lo'],
  });
  expect(inet).toMatchObject({ family: 'inet', name: 't', dormant: true });
  const [own, mangle] = inet?.chains ?? [];
  expect(own).toMatchObject({ name: 'own', base: null, rules: [] });
  expect(mangle?.base).toEqual({ type: 'route', hook: 'output', priority: -150, policy: 'accept', devices: [] });
  expect(mangle?.rules.map((r) => [r.position, r.comment])).toEqual([
    [1, 'why it is here'],
    [2, null],
  ]);
  const listed = kernel.nft(['-a', 'list', 'ruleset']);
  expect(mangle?.rules.map((r) => r.handle)).toEqual(
    [...listed.matchAll(/(?:accept comment|drop).* # handle (\d+)/g)].map(([, handle]) => Number(handle)),
  );
  const objects = inet?.objects.map((o) => [o.name, o.type, o.does && brief(o.does)]);
  expect(objects?.sort()).toEqual([
    ['ftp', 3, null],
    ['guard', 10, 'synproxy mss=1460 wscale=7 flags=[mss, wscale, sack-perm, timestamp]'],
    ['hits', 1, 'counter packets=3 bytes=4'],
    ['much', 2, 'quota bytes=100 consumed=0 invert=true'],
    ['slow', 4, 'limit type=packets rate=5 unitSeconds=1 burst=5 invert=false'],
  ]);
});
