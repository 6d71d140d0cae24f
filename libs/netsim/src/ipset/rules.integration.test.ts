/**
 * Sets as a rule asks them: UDP packets over the loopback of a namespace meet rules of iptables with `-m set`, whose counters
 * say which matched. Directions, too few of them, exceptions turned round, lists, other families, ports of one side.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { ip } from '@netverdict/linux-net';
import { parseSection } from '@netverdict/parsers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileIpSets } from './compiled.ts';
import { isIn } from './contains.ts';
import type { SetProbe, Side } from './probe.ts';

const NETNS = `iptx-rules-${process.pid}`;
const inNetns = (args: readonly string[], input = '') => {
  const run = spawnSync('ip', ['netns', 'exec', NETNS, ...args], { input, encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`${args.join(' ')}: ${run.stderr}`);
  return run.stdout;
};

const SETS = `create ip hash:ip
add ip 127.0.1.1
create net hash:net
add net 127.0.0.0/8
add net 127.0.1.0/24 nomatch
create netport hash:net,port
add netport 127.0.2.0/24,udp:99
add netport 127.0.0.0/16,udp:5000 nomatch
create ipportip hash:ip,port,ip
add ipportip 127.0.1.1,udp:99,127.0.2.2
create ipportnet hash:ip,port,net
add ipportnet 127.0.2.2,udp:5000,127.0.0.0/8
add ipportnet 127.0.2.2,udp:99,127.0.1.0/24
create device hash:net,iface
add device 127.0.0.0/8,lo
create wild hash:net,iface
add wild 127.0.2.2,l wildcard
create hidden hash:net,iface
add hidden 127.0.0.0/8,lo
add hidden 127.0.2.0/24,eth0
create holed hash:net,iface
add holed 127.0.0.0/8,lo
add holed 127.0.2.0/24,lo nomatch
create ports bitmap:port range 1-9999
add ports 99
create bits bitmap:ip range 127.0.0.0-127.0.1.255
add bits 127.0.1.1
create six hash:net family inet6
add six ::/1
create masked hash:ip bitmask 0.0.0.255
add masked 10.0.0.2
create list list:set
add list netport
add list ip
create others list:set
add others six
add others ports
`;
/** A set of IPv6 is refused in a rule of IPv4; within a list it is not. */
const NAMES = [...SETS.matchAll(/^create (\S+) (?!.*inet6)/gm)].map((match) => match[1] ?? '');
const DIRECTIONS = [
  'src',
  'dst',
  'src,src',
  'src,dst',
  'dst,src',
  'dst,dst',
  'src,src,dst',
  'src,dst,dst',
  'dst,dst,src',
];
const OPTIONS = ['', '--return-nomatch'];

/** 127.0.1.1:5000 → 127.0.2.2:99 over lo, seen in OUTPUT, where no device is the way in, and in INPUT, where none is the way out. */
const probe = (chain: string): SetProbe => ({
  family: 'ipv4',
  protocol: 17,
  mark: 0,
  address: (side) => ip(side === 'src' ? '127.0.1.1' : '127.0.2.2'),
  port: (side) => (side === 'src' ? 5000 : 99),
  device: (side) => ((side === 'src') === (chain === 'INPUT') ? 'lo' : null),
  mac: () => undefined,
  goesWith: () => true,
});

const CASES = ['INPUT', 'OUTPUT'].flatMap((chain) =>
  NAMES.flatMap((name) =>
    DIRECTIONS.flatMap((directions) => OPTIONS.map((option) => ({ chain, name, directions, option }))),
  ),
);

beforeAll(() => {
  execFileSync('ip', ['netns', 'add', NETNS]);
  inNetns(['ip', 'link', 'set', 'lo', 'up']);
});
afterAll(() => {
  execFileSync('ip', ['netns', 'del', NETNS]);
});

test('every rule matches where the model says so', () => {
  inNetns(['ipset', 'restore'], SETS);
  const rules = CASES.map(
    ({ chain, name, directions, option }) => `-A ${chain} -p udp -m set --match-set ${name} ${directions} ${option}`,
  );
  inNetns(['iptables-legacy-restore'], ['*filter', ...rules, 'COMMIT', ''].join('\n'));
  const send = `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.1.1", 5000))
s.sendto(b"x", ("127.0.2.2", 99))`;
  inNetns(['python3', '-c', send]);
  const counted = inNetns(['iptables-legacy-save', '-c']).matchAll(/^\[(\d+):\d+\] -A (INPUT|OUTPUT) -p udp/gm);
  const kernel = [...counted].map((match) => match[1] === '1');
  const saved = parseSection('ipset-save', inNetns(['ipset', 'save']));
  if (!saved.ok) throw new Error(saved.error.message);
  const sets = compileIpSets(saved.value);
  const model = CASES.map(({ chain, name, directions, option }) => {
    const set = sets.get(name);
    if (!set) throw new Error(`no set ${name}`);
    const sides = directions.split(',') as Side[];
    const lookup = { probe: probe(chain), directions: sides, asksCounters: false, returnNomatch: option !== '' };
    return isIn(set, sets, lookup, (_type, answer) => answer);
  });
  const differ = rules.filter((_, at) => model[at] !== kernel[at]);
  expect(kernel).toHaveLength(rules.length);
  expect(differ).toEqual([]);
  expect(kernel.filter(Boolean).length).toBeGreaterThan(30);
});
