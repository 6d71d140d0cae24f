/** No text makes a parser throw or hang, and none comes to nothing in silence: it is values or a problem with its line. */
import type { Result } from '@netverdict/linux-net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseIpsetSave } from '../ipset/save.ts';
import type { ParseProblem } from '../problem.ts';
import { parseBridgeFdbText } from './fdb.ts';
import { parseIpsetListText } from './ipset-list.ts';
import { parseIpvsText } from './ipvs.ts';
import { parseIpLinkText } from './link.ts';
import { parseIpNeighText } from './neigh.ts';
import { parseIpRouteText } from './route.ts';
import { parseIpRuleText } from './rule.ts';

interface Tool {
  /** How many values the text came to. */
  readonly count: (text: string) => Result<number, ParseProblem>;
  /** What the tool prints; `lines`: how many values each of its lines adds. */
  readonly sample: string;
}

const counted =
  <T>(parse: (text: string) => Result<T, ParseProblem>, count: (value: T) => number) =>
  (text: string): Result<number, ParseProblem> => {
    const parsed = parse(text);
    return parsed.ok ? { ok: true, value: count(parsed.value) } : parsed;
  };
const length = (list: readonly unknown[]): number => list.length;

const TOOLS: Readonly<Record<string, Tool>> = {
  'ip link': {
    count: counted(parseIpLinkText, ({ links, addresses }) => links.length + addresses.length),
    sample: `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00 promiscuity 0 minmtu 0 maxmtu 0 addrgenmode eui64
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
5: vx@if3: <BROADCAST,UP,LOWER_UP> mtu 1450 qdisc noqueue master br0 state UP group default
    link/ether ae:3a:b5:f0:22:0d brd ff:ff:ff:ff:ff:ff link-netnsid 0 promiscuity 0
    vxlan id 42 local 10.0.0.1 dev v1 srcport 0 0 dstport 4789 nolearning ttl auto ageing 300 udpcsum
    bridge_slave state forwarding priority 32 cost 2 hairpin off isolated on
    RX: bytes packets errors dropped missed mcast
    0 0 0 0 0 0
    inet6 fe80::1/64 scope link tentative
`,
  },
  'ip route': {
    count: counted(parseIpRouteText, ({ routes4, routes6 }) => routes4.length + routes6.length),
    sample: `default via 10.0.0.254 dev v1 proto dhcp src 10.0.0.2 metric 5 mtu lock 1400 advmss 1300
10.1.0.0/16 proto bird
	nexthop via 10.0.0.254 dev v1 weight 2
	nexthop via 10.0.0.253 dev v1 weight 1 onlink dead linkdown
10.2.0.0/16 nexthop via 10.0.0.1 dev a weight 1 nexthop via inet6 fd00::1 dev b weight 1
blackhole 10.3.0.0/16 table 100
10.4.0.0/16 encap seg6 mode encap segs 2 [ fd00::5 fd00::6 ] dev v1 scope link realm 5
unreachable default dev lo table unspec proto kernel metric 4294967295 error -101 pref medium
fd00::/64 from fd01::/64 dev v1 nhid 7 proto kernel metric 256 expires 999sec pref medium
`,
  },
  'ip rule': {
    count: counted((text) => parseIpRuleText(text, 'ipv4'), length),
    sample: `0:	from all lookup local
100:	not from 10.0.0.0/8 to 10.1.0.0/16 tos 0x10 fwmark 0x10/0xf0 iif v1 [detached] oif v2 lookup 100
102:	from all uidrange 0-100 ipproto tcp sport 1-5 dport 80 lookup 100 suppress_prefixlength 0
103:	from all goto 500 [unresolved]
109:	from all lookup [l3mdev-table]
110:	from all blackhole proto bird
`,
  },
  'ip neigh': {
    count: counted(parseIpNeighText, length),
    sample: `10.0.0.9 dev v1 lladdr 02:00:00:00:00:09 extern_learn used 0/60/0probes 0 PERMANENT
fe80::1 dev v1 lladdr 02:00:00:00:00:0b router STALE
10.0.0.77 dev v1 proxy
`,
  },
  'bridge fdb': {
    count: counted(parseBridgeFdbText, length),
    sample: `33:33:00:00:00:01 dev v1 self permanent
02:aa:00:00:00:01 dev vx dst 10.0.0.78 port 4788 vni 43 src_vni 7 via v1 used 0/0 self static
02:aa:00:00:00:02 dev v0 vlan 1 master br0 sticky permanent
`,
  },
  'ipset list': {
    count: counted(parseIpsetListText, (sets) =>
      sets.reduce((sum, set) => sum + 1 + (set.kind === 'members' ? set.members.length : 0), 0),
    ),
    sample: `Name: a
Type: hash:net,port
Revision: 7
Header: family inet hashsize 1024 maxelem 65536 timeout 0 comment
Size in memory: 672
References: 2
Number of entries: 2
Members:
10.0.0.0/8,tcp:80 timeout 0 comment "a b"
10.1.0.0/16,icmp:echo-request timeout 7 nomatch
`,
  },
  'ipset save': {
    count: counted(parseIpsetSave, (sets) =>
      sets.reduce((sum, set) => sum + 1 + (set.kind === 'members' ? set.members.length : 0), 0),
    ),
    sample: `create a hash:ip,port,net family inet hashsize 1024 maxelem 65536 counters bucketsize 12 initval 0x8b7bbd5e
add a 10.0.0.1,tcp:80,10.0.0.0/8 packets 1 bytes 2
create i hash:net,iface family inet6 timeout 9
add i fd00::/8,physdev:eth0 timeout 8 nomatch
create l list:set size 8
add l a
`,
  },
  ipvsadm: {
    count: counted(parseIpvsText, (services) => services.reduce((sum, s) => sum + 1 + s.servers.length, 0)),
    sample: `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  10.0.0.1:443 rr persistent 10800 mask 255.255.255.0
  -> 192.168.0.1:6443             Masq    1      1          0
FWM  7 wrr ops
-A -t 10.254.0.1:443 -s rr -p 10800
-a -t 10.254.0.1:443 -r 192.168.123.250:6443 -m -w 1
`,
  },
};
/** Made once: fast-check takes a second over all of Unicode. */
const ANY_TEXT = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme-ascii', maxLength: 300 }));
const NAMES = Object.keys(TOOLS);
/** `ipset save` of no sets prints nothing. */
const MAY_BE_EMPTY = new Set(['ipset save']);

function sane(name: string, text: string): Result<number, ParseProblem> {
  const parsed = (TOOLS[name] as Tool).count(text);
  if (parsed.ok) {
    const said = text.split('\n').some((line) => line.trim() !== '');
    const headingsOnly = name === 'ipvsadm' || (name === 'ipset save' && /^\s*(#|COMMIT)/m.test(text));
    if (said && !headingsOnly) expect(parsed.value).toBeGreaterThan(0);
  } else {
    expect(parsed.error.line).toBeGreaterThan(0);
    expect(parsed.error.line).toBeLessThanOrEqual(text.split('\n').length);
    expect(parsed.error.message).not.toBe('');
  }
  return parsed;
}

describe.each(NAMES)('%s', (name) => {
  const { count, sample } = TOOLS[name] as Tool;
  const all = NAMES.flatMap((other) => (TOOLS[other] as Tool).sample.split('\n'));
  const vocabulary = [...new Set(all.flatMap((line) => line.split(/\s+/)))];

  test('its own text parses', () => {
    expect(count(sample)).toMatchObject({ ok: true });
  });
  test('an empty text is a problem where the tool always prints something', () => {
    expect(count('').ok).toBe(MAY_BE_EMPTY.has(name));
    expect(count('\n \n').ok).toBe(MAY_BE_EMPTY.has(name));
  });
  test('arbitrary bytes', () => {
    fc.assert(
      fc.property(ANY_TEXT, (text) => {
        sane(name, text);
      }),
      { numRuns: 300 },
    );
  });
  test('its words in any order', () => {
    const line = fc.array(fc.constantFrom(...vocabulary), { maxLength: 8 }).map((words) => words.join(' '));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
        sane(name, lines.join('\n'));
      }),
      { numRuns: 300 },
    );
  });
  test('lines of all tools mixed', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...all), { maxLength: 12 }), (lines) => {
        sane(name, lines.join('\n'));
      }),
      { numRuns: 300 },
    );
  });
  test('cut anywhere', () => {
    const whole = count(sample);
    for (let end = 0; end < sample.length; end++) {
      const parsed = sane(name, sample.slice(0, end));
      if (parsed.ok && whole.ok) expect(parsed.value).toBeLessThanOrEqual(whole.value);
    }
  });
  test('a word that no tool prints is a problem of its line, wherever it stands', () => {
    const lines = sample.trimEnd().split('\n');
    // A name may be any word; a comment too.
    for (const [at, line] of lines.entries()) {
      if (line.startsWith('Name:')) continue;
      const parsed = count(lines.with(at, `${line} n0sense n0sense`).join('\n'));
      expect(parsed, line).toMatchObject({ ok: false, error: { line: expect.any(Number) } });
    }
  });
});

test('a long line of opening brackets, quotes and dashes does not hang', () => {
  const started = performance.now();
  for (const name of NAMES)
    for (const piece of ['"', '\\"', '-', ',', '[ ', '{ ', 'a-', '@if3', ': '])
      sane(name, `add a ${piece.repeat(20_000)}\n1: ${piece.repeat(20_000)}`);
  expect(performance.now() - started).toBeLessThan(10_000);
});
