/**
 * What iproute2 prints for eyes and what it prints as JSON come to the same values: in a namespace with one of everything,
 * each command runs in both forms. The kernel and the installed tools say what there is.
 */
import { execFileSync } from 'node:child_process';
import { isDeepStrictEqual } from 'node:util';
import type { Family, Result } from '@netverdict/linux-net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseIpAddress } from '../ip/address.ts';
import { parseBridgeFdb } from '../ip/fdb.ts';
import { parseIpLink } from '../ip/link.ts';
import { parseIpNeigh } from '../ip/neigh.ts';
import { parseIpRoute } from '../ip/route.ts';
import { parseIpRule } from '../ip/rule.ts';
import type { ParseProblem } from '../problem.ts';
import { parseBridgeFdbText } from './fdb.ts';
import { parseIpLinkText } from './link.ts';
import { parseIpNeighText } from './neigh.ts';
import { parseIpRouteText } from './route.ts';
import { parseIpRuleText } from './rule.ts';

const NETNS = `iptx-text-${process.pid}`;
const run = (...command: readonly string[]): string =>
  execFileSync('ip', ['netns', 'exec', NETNS, ...command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/**
 * Both forms of one state. The kernel ends duplicate address detection, tells a link's state and forgets a failed neighbour by itself,
 * some hundred milliseconds after the commands: what it changed between the readings is read again, so that no two states are compared.
 */
function inOneState<Text, Json>(
  readText: () => Text,
  readJson: () => Json,
): { readonly text: Text; readonly json: Json } {
  for (let attempt = 0; attempt < 10; attempt++) {
    const text = readText();
    const json = readJson();
    if (isDeepStrictEqual(readText(), text)) return { text, json };
  }
  throw new Error('ten times there was another state at the second reading');
}

const SETUP = [
  'link set lo up',
  'link add br0 type bridge',
  'link add v0 type veth peer name v1',
  'link set v0 master br0',
  'link set v0 type bridge_slave hairpin on isolated on learning off flood off mcast_flood off bcast_flood off',
  'link set br0 up',
  'link set v0 up',
  'link set v1 up group 7',
  'link add vx type vxlan id 42 dstport 4789 local 10.0.0.1 dev v1 nolearning',
  'link add vg type vxlan id 43 dstport 4790 group 239.1.1.1 dev v1 ttl 7 tos 0x10 df set proxy',
  'link add vr type vxlan id 44 dstport 4791 remote fd00::7 tos inherit',
  'link add ve type vxlan external dstport 4792',
  'link add mv link v1 type macvlan mode bridge',
  'tuntap add tap0 mode tap',
  'tuntap add tun0 mode tun',
  'link set vx up',
  'address add 10.0.0.1/24 dev v1 brd +',
  'address add 10.0.0.2/24 dev v1',
  'address add 10.9.0.1 peer 10.9.0.2/32 dev v1 label v1:x',
  'address add 10.7.0.1/24 dev v1 noprefixroute metric 77 valid_lft 3000 preferred_lft 2000 scope link',
  'address add fd00::1/64 dev v1 nodad',
  'address add fd00::2/64 dev v1 nodad preferred_lft 0',
  'route add default via 10.0.0.254 dev v1 metric 5 mtu 1400 advmss 1300',
  'route add 10.1.0.0/16 nexthop via 10.0.0.254 dev v1 weight 2 nexthop via 10.0.0.253 dev v1 onlink',
  'route add blackhole 10.2.0.0/16',
  'route add unreachable 10.3.0.0/16 metric 9',
  'route add prohibit 10.4.0.0/16 table 100',
  'route add throw 10.5.0.0/16 table 100',
  'route add 10.6.0.0/16 via inet6 fd00::9 dev v1',
  'route add 10.8.0.0/16 dev v1 tos 0x10 src 10.0.0.2 realm 5 mtu 1300 window 1000 rtt 100ms initcwnd 10 hoplimit 9 congctl cubic quickack 1 features ecn',
  'nexthop add id 7 via 10.0.0.254 dev v1',
  'nexthop add id 9 via 10.0.0.253 dev v1',
  'nexthop add id 8 group 7,3/9',
  'route add 10.10.0.0/16 nhid 7',
  'route add 10.11.0.0/16 nhid 8',
  'route add 10.12.0.0/16 encap ip id 5 dst 1.1.1.1 src 2.2.2.2 tos 0 ttl 9 dev v1',
  'route add 10.13.0.0/16 encap seg6 mode encap segs fd00::5 dev v1',
  '-6 route add default via fd00::9 dev v1 metric 3',
  '-6 route add fd01::/64 via fe80::1 dev v1 pref high',
  '-6 route add fd02::/64 from fd00::/64 via fd00::9 dev v1 expires 1000',
  '-6 route add fd03::/64 nexthop via fd00::9 dev v1 weight 3 nexthop via fd00::8 dev v1',
  '-6 route add blackhole fd04::/64',
  '-6 route add unreachable fd05::/64 metric 5',
  '-6 route add fd06::/64 encap seg6 mode encap segs fd00::5,fd00::6 dev v1',
  'rule add from 10.0.0.0/8 to 10.1.0.0/16 iif v1 fwmark 0x10/0xf0 tos 0x10 lookup 100 pref 100',
  'rule add not from 10.0.0.5 lookup 100 suppress_prefixlength 0 pref 101',
  'rule add oif nosuch ipproto tcp sport 1-5 dport 80 uidrange 0-100 lookup 100 pref 102',
  'rule add goto 500 pref 103',
  'rule add blackhole pref 104 to 1.2.3.4',
  'rule add unreachable pref 105 fwmark 3',
  'rule add prohibit pref 106 iif nosuch',
  'rule add nop pref 107',
  'rule add goto 32766 pref 108',
  'rule add l3mdev pref 109',
  'rule add lookup 100 suppress_ifgroup 5 pref 110',
  'rule add lookup 100 realms 3/4 pref 111',
  'rule add protocol bird lookup 100 pref 112',
  'rule add ipproto 4 lookup 100 pref 113',
  'rule add tun_id 5 lookup 100 pref 114',
  '-6 rule add not from fd00::/8 lookup 100 pref 100',
  'neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev v1 nud permanent',
  'neigh add 10.0.0.10 dev v1 nud failed',
  'neigh add 10.0.0.11 lladdr 02:00:00:00:00:0b dev v1 nud stale router',
  'neigh add 10.0.0.12 lladdr 02:00:00:00:00:0c dev v1 nud stale extern_learn',
  'neigh add 10.0.0.13 dev v1 nud none',
  'neigh add proxy 10.0.0.77 dev v1',
];
const FDB = [
  'fdb append 00:00:00:00:00:00 dev vx dst 10.0.0.77 port 4788 vni 43 via v1',
  'fdb add 02:aa:00:00:00:01 dev vx dst 10.0.0.78 self static',
  'fdb add 02:aa:00:00:00:02 dev v0 master static',
  'fdb add 02:aa:00:00:00:04 dev ve dst 1.1.1.1 src_vni 7 vni 8 self',
];

beforeAll(() => {
  execFileSync('ip', ['netns', 'add', NETNS]);
  for (const command of SETUP) run('ip', ...command.split(' '));
  for (const command of FDB) run('bridge', ...command.split(' '));
});
afterAll(() => {
  execFileSync('ip', ['netns', 'del', NETNS]);
});

function valueIn<T>(parsed: Result<T, ParseProblem>): T {
  if (!parsed.ok) throw new Error(`${parsed.error.line}: ${parsed.error.message}: ${parsed.error.text}`);
  return parsed.value;
}

/** Where a value stood differs, what it says does not. */
const bare = <T extends { readonly evidence: unknown }>(values: readonly T[]): readonly Omit<T, 'evidence'>[] =>
  values.map(({ evidence: _, ...rest }) => rest);

describe('the text says what the JSON says', () => {
  it.each(['-d link', '-d -s link', '-d -s -s link'])('ip %s', (command) => {
    const { text, json } = inOneState(
      () => valueIn(parseIpLinkText(run('ip', ...command.split(' ')))).links,
      () => valueIn(parseIpLink(run('ip', '-j', ...command.split(' ')))),
    );
    expect(json.length).toBeGreaterThan(9);
    expect(text).toEqual(json);
  });

  it.each(['', '-d '])('ip %saddress', (details) => {
    const command = `${details}address`.split(' ');
    const { text, json } = inOneState(
      () => valueIn(parseIpLinkText(run('ip', ...command))),
      () => run('ip', '-j', ...command),
    );
    expect(text.addresses).toEqual(valueIn(parseIpAddress(json)));
    expect(text.links).toEqual(valueIn(parseIpLink(json)));
    expect(text.addresses.length).toBeGreaterThan(7);
  });

  it.each(['', '-d '])('ip %sroute show table all', (details) => {
    const command = (family: string, json: string) =>
      run('ip', ...`${json}${details}${family} route show table all`.split(' '));
    const all = () => valueIn(parseIpRouteText(run('ip', ...`${details}route show table all`.split(' '))));
    for (const [flag, family, ofFamily] of [
      ['-4', 'ipv4', 'routes4'],
      ['-6', 'ipv6', 'routes6'],
    ] as const satisfies readonly (readonly [string, Family, string])[]) {
      const read = inOneState(
        () => all()[ofFamily],
        () => ({
          json: valueIn(parseIpRoute(command(flag, '-j '), family)),
          alone: valueIn(parseIpRouteText(command(flag, ''), family))[ofFamily],
        }),
      );
      const { json, alone } = read.json;
      expect(json.length).toBeGreaterThan(9);
      expect(bare(read.text).map(({ mtuLocked: _, ...rest }) => rest)).toEqual(
        bare(json).map(({ mtuLocked: _, ...rest }) => rest),
      );
      expect(bare(alone)).toEqual(bare(read.text));
    }
  });

  it('a locked MTU, which the JSON does not say', () => {
    run('ip', 'route', 'add', '10.66.0.0/16', 'dev', 'v1', 'mtu', 'lock', '1234');
    const { routes4 } = valueIn(parseIpRouteText(run('ip', 'route', 'show', '10.66.0.0/16')));
    run('ip', 'route', 'del', '10.66.0.0/16');
    expect(routes4).toMatchObject([{ mtuBytes: 1234, mtuLocked: true }]);
  });

  it.each([
    ['-4', 'ipv4'],
    ['-6', 'ipv6'],
  ] as const)('ip %s rule', (flag, family) => {
    const json = valueIn(parseIpRule(run('ip', '-j', flag, 'rule'), family));
    expect(json.length).toBeGreaterThan(2);
    for (const details of [[], ['-d']])
      expect(bare(valueIn(parseIpRuleText(run('ip', ...details, flag, 'rule'), family)))).toEqual(bare(json));
  });

  it.each(['neigh show nud all', 'neigh show proxy', '-s neigh show nud all'])('ip %s', (command) => {
    const { text, json } = inOneState(
      () => bare(valueIn(parseIpNeighText(run('ip', ...command.split(' '))))),
      () => bare(valueIn(parseIpNeigh(run('ip', '-j', ...command.split(' '))))),
    );
    expect(json.length).toBeGreaterThan(0);
    expect(text).toEqual(json);
  });

  it.each(['fdb', '-d -s fdb'])('bridge %s', (command) => {
    const { text, json } = inOneState(
      () => bare(valueIn(parseBridgeFdbText(run('bridge', ...command.split(' '))))),
      () => bare(valueIn(parseBridgeFdb(run('bridge', '-j', ...command.split(' '))))),
    );
    expect(json.length).toBeGreaterThan(9);
    expect(text).toEqual(json);
  });
});
