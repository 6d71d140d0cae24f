/**
 * The kernel's own answers: random sets of every type that it has are made with ipset, read back with `ipset save`, and
 * asked with `ipset test` and by the model. Sets of net,iface are asked with packets' devices, as a rule would.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { type Family, formatIp, type IpAddress, ip, type Mac, parseMac } from '@netverdict/linux-net';
import { parseSection } from '@netverdict/parsers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileIpSets } from './compiled.ts';
import { isIn } from './contains.ts';
import type { SetProbe, Side } from './probe.ts';

const NETNS = `iptx-sets-${process.pid}`;
const inNetns = (args: readonly string[], input = '') =>
  spawnSync('ip', ['netns', 'exec', NETNS, ...args], { input, encoding: 'utf8' });

beforeAll(() => {
  execFileSync('ip', ['netns', 'add', NETNS]);
});
afterAll(() => {
  execFileSync('ip', ['netns', 'del', NETNS]);
});

/** Mulberry32: the same sets on every run, or others with NETVERDICT_SEED. */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}
const SEED = Number(process.env.NETVERDICT_SEED ?? 20261123) || 1;

type PickOne = <T>(list: readonly T[]) => T;
interface Case {
  readonly name: string;
  readonly create: string;
  /** Text of a random member, and of a random element to ask for. */
  readonly member: (below: (n: number) => number, pick: PickOne) => string;
  readonly element: (below: (n: number) => number, pick: PickOne) => string;
  readonly family?: Family;
}

const v4 = (below: (n: number) => number): string => `10.0.${below(2)}.${1 + below(20)}`;
const v6 = (below: (n: number) => number): string => `fd00::${below(2)}:${(1 + below(20)).toString(16)}`;
const net4 = (below: (n: number) => number): string => `${v4(below)}/${22 + below(11)}`;
const net6 = (below: (n: number) => number): string => `${v6(below)}/${108 + below(21)}`;
const PORTS = ['tcp:1', 'tcp:2', 'udp:1', 'udp:2', 'sctp:1', 'udplite:2', 'icmp:8/0', 'icmp:3/1', '47:0'];
const PORTS6 = ['tcp:1', 'udp:1', 'sctp:2', 'icmpv6:128/0', 'icmpv6:1/4', '47:0'];
const RANGES = [...PORTS, 'tcp:1-3', 'udp:2-4', '1'];
const DEVICES = ['eth0', 'eth1', 'veth1'];
const MACS = ['02:00:00:00:00:01', '02:00:00:00:00:02'];
const nomatch = (below: (n: number) => number): string => (below(3) === 0 ? ' nomatch' : '');

const CASES: readonly Case[] = [
  { name: 'bitmap:ip', create: 'bitmap:ip range 10.0.0.0/16', member: v4, element: v4 },
  { name: 'bitmap:ip with a netmask', create: 'bitmap:ip range 10.0.0.0/16 netmask 30', member: v4, element: v4 },
  {
    name: 'bitmap:ip, half of which is outside',
    create: 'bitmap:ip range 10.0.0.0-10.0.0.12 timeout 5000 counters',
    member: (b) => `10.0.0.${b(13)}`,
    element: v4,
  },
  {
    name: 'bitmap:ip,mac',
    create: 'bitmap:ip,mac range 10.0.0.0/16',
    member: (b, p) => `${v4(b)},${p(MACS)}`,
    element: (b, p) => `${v4(b)},${p(MACS)}`,
  },
  {
    name: 'bitmap:port',
    create: 'bitmap:port range 0-30',
    member: (b) => `${b(20)}-${b(20)}`,
    element: (b, p) => `${p(['tcp', 'udp'])}:${b(31)}`,
  },
  { name: 'hash:ip', create: 'hash:ip comment', member: (b) => `${v4(b)} comment "a b, c"`, element: v4 },
  { name: 'hash:ip of ranges', create: 'hash:ip', member: (b) => `${v4(b)}/${29 + b(4)}`, element: v4 },
  { name: 'hash:ip with a netmask', create: 'hash:ip netmask 29', member: v4, element: v4 },
  { name: 'hash:ip with a bitmask', create: 'hash:ip bitmask 255.255.0.15', member: v4, element: v4 },
  { name: 'hash:ip v6', create: 'hash:ip family inet6', member: v6, element: v6 },
  { name: 'hash:ip v6 with a netmask', create: 'hash:ip family inet6 netmask 125', member: v6, element: v6 },
  { name: 'hash:net', create: 'hash:net', member: (b) => net4(b) + nomatch(b), element: v4 },
  {
    name: 'hash:net v6',
    create: 'hash:net family inet6 timeout 900',
    member: (b) => net6(b) + nomatch(b),
    element: v6,
  },
  {
    name: 'hash:ip,port',
    create: 'hash:ip,port counters skbinfo',
    member: (b, p) => `${v4(b)},${p(RANGES)}`,
    element: (b, p) => `${v4(b)},${p(PORTS)}`,
  },
  {
    name: 'hash:ip,port v6',
    create: 'hash:ip,port family inet6',
    member: (b, p) => `${v6(b)},${p(PORTS6)}`,
    element: (b, p) => `${v6(b)},${p(PORTS6)}`,
  },
  {
    name: 'hash:net,port',
    create: 'hash:net,port',
    member: (b, p) => `${net4(b)},${p(RANGES)}${nomatch(b)}`,
    element: (b, p) => `${v4(b)},${p(PORTS)}`,
  },
  {
    name: 'hash:net,port v6',
    create: 'hash:net,port family inet6',
    member: (b, p) => `${net6(b)},${p(PORTS6)}${nomatch(b)}`,
    element: (b, p) => `${v6(b)},${p(PORTS6)}`,
  },
  {
    name: 'hash:ip,port,ip',
    create: 'hash:ip,port,ip',
    member: (b, p) => `10.0.0.${1 + b(3)},${p(RANGES)},10.0.0.${1 + b(3)}`,
    element: (b, p) => `10.0.0.${1 + b(3)},${p(PORTS)},10.0.0.${1 + b(3)}`,
  },
  {
    name: 'hash:ip,port,net',
    create: 'hash:ip,port,net',
    member: (b, p) => `10.0.0.${1 + b(3)},${p(PORTS)},${net4(b)}${nomatch(b)}`,
    element: (b, p) => `10.0.0.${1 + b(3)},${p(PORTS)},${v4(b)}`,
  },
  {
    name: 'hash:ip,port,net v6',
    create: 'hash:ip,port,net family inet6',
    member: (b, p) => `fd00::${1 + b(3)},${p(PORTS6)},${net6(b)}${nomatch(b)}`,
    element: (b, p) => `fd00::${1 + b(3)},${p(PORTS6)},${v6(b)}`,
  },
  {
    name: 'hash:net,iface',
    create: 'hash:net,iface',
    member: (b, p) => `${net4(b)},${b(8) === 0 ? 'physdev:' : ''}${p(DEVICES)}${nomatch(b)}`,
    element: (b, p) => `${v4(b)},${p(DEVICES)}`,
  },
  {
    name: 'hash:net,iface of wildcards',
    create: 'hash:net,iface',
    member: (b, p) => `${net4(b)},${p(['eth', 'v'])} wildcard${nomatch(b)}`,
    element: (b, p) => `${v4(b)},${p(DEVICES)}`,
  },
];

const TYPES_OF_PROTOCOL: Readonly<Record<string, number>> = {
  tcp: 6,
  udp: 17,
  sctp: 132,
  udplite: 136,
  icmp: 1,
  icmpv6: 58,
  '47': 47,
};

/** The element as a packet: its first address is the source, the second the destination. */
function probeOf(element: string): { probe: SetProbe; directions: readonly Side[] } {
  const parts = element.split(',');
  const addresses: IpAddress[] = [];
  const directions: Side[] = [];
  let port: readonly [number, number] = [6, 0];
  let device: string | null = null;
  let mac: Mac | undefined;
  for (const part of parts) {
    const [protocol = '', value = ''] = part.split(':');
    const asMac = parseMac(part);
    if (asMac.ok) mac = asMac.value;
    else if (Object.hasOwn(TYPES_OF_PROTOCOL, protocol)) {
      const [high, low] = value.split('/').map(Number);
      port = [TYPES_OF_PROTOCOL[protocol] ?? 0, low === undefined ? (high ?? 0) : (high ?? 0) * 256 + low];
    } else if (DEVICES.includes(part)) device = part;
    else {
      directions.push(addresses.length === 0 ? 'src' : 'dst');
      addresses.push(ip(part));
      continue;
    }
    directions.push('src');
  }
  const [first = ip('10.0.0.1'), second = ip('10.0.0.1')] = addresses;
  return {
    directions,
    probe: {
      family: typeof first === 'bigint' ? 'ipv6' : 'ipv4',
      protocol: port[0],
      mark: 0,
      address: (side) => (side === 'src' ? first : second),
      port: () => port[1],
      device: () => device,
      mac: () => mac,
      goesWith: () => true,
    },
  };
}

const said = (stderr: string, elements: readonly string[]): readonly boolean[] => {
  const answers = stderr.split('\n').flatMap((line) => {
    const match = / is (NOT )?in set s\.$/.exec(line);
    return match ? [match[1] === undefined] : [];
  });
  expect(answers, stderr.slice(0, 400)).toHaveLength(elements.length);
  return answers;
};

const ROUNDS = 6;

describe.each(CASES)('$name', ({ create, member, element }) => {
  it('is what the kernel says', () => {
    const below = random(SEED);
    const pick: PickOne = (list) => list[below(list.length)] as (typeof list)[number];
    const seen = { in: 0, out: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const members = Array.from({ length: 2 + below(14) }, () => member(below, pick));
      const restore = ['create s', create].join(' ').concat('\n', ...members.map((text) => `add s ${text}\n`));
      const made = inNetns(['ipset', '-exist', 'restore'], restore);
      expect(made.stderr).toBe('');
      const saved = parseSection('ipset-save', inNetns(['ipset', 'save']).stdout);
      if (!saved.ok) throw new Error(`${saved.error.message}: ${saved.error.text}`);
      const sets = compileIpSets(saved.value);
      const elements = Array.from({ length: 60 }, () => element(below, pick));
      const asked = inNetns(['ipset', '-'], elements.map((text) => `test s ${text}\n`).join(''));
      const kernel = said(asked.stderr, elements);
      inNetns(['ipset', 'destroy', 's']);
      const set = sets.get('s');
      if (!set) throw new Error('the set was not saved');
      for (const [at, text] of elements.entries()) {
        const { probe, directions } = probeOf(text);
        const lookup = { probe, directions, asksCounters: false, returnNomatch: false };
        const answer = isIn(set, sets, lookup, (_type, yes) => yes);
        expect(answer, `${formatIp(probe.address('src'))} (${text}) in\n${restore}`).toBe(kernel[at]);
        if (answer === true) seen.in++;
        else seen.out++;
      }
    }
    // Both answers occur, or the sets would say nothing.
    expect(Math.min(seen.in, seen.out)).toBeGreaterThan(ROUNDS);
  });
});
