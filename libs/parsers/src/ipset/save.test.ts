/** Each type, option and extension of `ipset save`, as ipset 7 prints them; what it does not print is a problem with its line. */
import { type IpSet, type IpSetMember, type IpSetPart, ip, prefix } from '@netverdict/linux-net';
import { describe, expect, it, test } from 'vitest';
import { parseIpsetListText } from '../text/ipset-list.ts';
import { parseIpsetSave } from './save.ts';

type Members = Extract<IpSet, { kind: 'members' }>;

function setsOf(text: string): readonly IpSet[] {
  const parsed = parseIpsetSave(text);
  if (!parsed.ok) throw new Error(`line ${parsed.error.line}: ${parsed.error.message}`);
  return parsed.value;
}
function only(create: string, ...adds: readonly string[]): Members {
  const [set] = setsOf([`create s ${create}`, ...adds.map((add) => `add s ${add}`)].join('\n'));
  if (set?.kind !== 'members') throw new Error('not a set of members');
  return set;
}
const parts = (set: Members): readonly (readonly IpSetPart[])[] => set.members.map((member) => member.parts);

const net = (text: string): IpSetPart => ({ kind: 'prefix', prefix: prefix(text) });
const port = (protocol: number | null, from: number, to = from): IpSetPart => ({ kind: 'port', protocol, from, to });
const mac = (text: string | null): IpSetPart => ({ kind: 'mac', mac: text }) as IpSetPart;
const iface = (name: string, physdev = false, wildcard = false): IpSetPart => ({
  kind: 'iface',
  name,
  physdev,
  wildcard,
});

const TYPES: readonly (readonly [create: string, add: string, parts: readonly IpSetPart[]])[] = [
  ['bitmap:ip range 10.0.0.0/24', '10.0.0.7', [net('10.0.0.7/32')]],
  [
    'bitmap:ip,mac range 10.0.0.0-10.0.0.9',
    '10.0.0.7,02:00:00:00:00:0A',
    [net('10.0.0.7/32'), mac('02:00:00:00:00:0a')],
  ],
  ['bitmap:ip,mac range 10.0.0.0-10.0.0.9', '10.0.0.7', [net('10.0.0.7/32'), mac(null)]],
  ['bitmap:port range 0-1024', '80', [port(null, 80)]],
  ['hash:ip', '10.0.0.7', [net('10.0.0.7/32')]],
  ['hash:mac', '02:00:00:00:00:01', [mac('02:00:00:00:00:01')]],
  ['hash:ip,mac', '10.0.0.7,02:00:00:00:00:01', [net('10.0.0.7/32'), mac('02:00:00:00:00:01')]],
  ['hash:net family inet6', 'fd00::/8', [net('fd00::/8')]],
  ['hash:net,net', '10.0.0.0/8,10.1.0.0/16', [net('10.0.0.0/8'), net('10.1.0.0/16')]],
  ['hash:ip,port', '10.0.0.7,udp:53', [net('10.0.0.7/32'), port(17, 53)]],
  ['hash:ip,port', '10.0.0.7,17:53', [net('10.0.0.7/32'), port(17, 53)]],
  ['hash:ip,port', '10.0.0.7,53', [net('10.0.0.7/32'), port(6, 53)]],
  ['hash:ip,port', '10.0.0.7,icmp:echo-request', [net('10.0.0.7/32'), port(1, 8 * 256)]],
  ['hash:ip,port', '10.0.0.7,icmp:3/1', [net('10.0.0.7/32'), port(1, 3 * 256 + 1)]],
  ['hash:ip,port', '10.0.0.7,gre:0', [net('10.0.0.7/32'), port(47, 0)]],
  ['hash:ip,port', '10.0.0.7,ipip:0', [net('10.0.0.7/32'), port(94, 0)]],
  ['hash:ip,port family inet6', 'fd00::1,ipv6-icmp:no-route', [net('fd00::1/128'), port(58, 256)]],
  ['hash:net,port', '10.0.0.0/8,sctp:1-9', [net('10.0.0.0/8'), port(132, 1, 9)]],
  ['hash:ip,port,ip', '10.0.0.1,udplite:1,10.0.0.2', [net('10.0.0.1/32'), port(136, 1), net('10.0.0.2/32')]],
  ['hash:ip,port,net', '10.0.0.1,tcp:1,10.0.0.0/8', [net('10.0.0.1/32'), port(6, 1), net('10.0.0.0/8')]],
  ['hash:net,port,net', '0.0.0.0/0,tcp:1,10.0.0.0/8', [net('0.0.0.0/0'), port(6, 1), net('10.0.0.0/8')]],
  ['hash:net,iface', '10.0.0.0/8,eth0', [net('10.0.0.0/8'), iface('eth0')]],
  ['hash:net,iface', '10.0.0.0/8,physdev:eth0', [net('10.0.0.0/8'), iface('eth0', true)]],
  ['hash:net,iface', '10.0.0.0/8,eth wildcard', [net('10.0.0.0/8'), iface('eth', false, true)]],
  ['hash:ip,mark', '10.0.0.1,0x63', [net('10.0.0.1/32'), { kind: 'mark', value: 0x63 }]],
  ['list:set size 8', 'other', [{ kind: 'set', name: 'other' }]],
];

test.each(TYPES)('create s %s, add s %s', (create, add, expected) => {
  expect(parts(only(create, add))).toEqual([expected]);
});

describe('options', () => {
  it('that size the hash say nothing, those that mask and range do', () => {
    const text = 'hash:ip family inet hashsize 1024 maxelem 65536 netmask 24 bucketsize 12 initval 0x290420d1 forceadd';
    expect(only(text).options).toMatchObject({ family: 'ipv4', mask: ip('255.255.255.0'), timeoutSeconds: null });
    expect(only('hash:ip bitmask 255.0.255.0').options.mask).toBe(ip('255.0.255.0'));
    expect(only('hash:ip family inet6 netmask 64').options.mask).toBe(ip('ffff:ffff:ffff:ffff::'));
    expect(only('hash:ip,mark markmask 0xff').options.markmask).toBe(0xff);
    expect(only('bitmap:port range 9-80 skbinfo').options).toMatchObject({ range: { from: 9, to: 80 }, family: null });
    expect(only('bitmap:ip range 10.0.0.0/24 counters comment timeout 4').options).toMatchObject({
      range: { from: ip('10.0.0.0'), to: ip('10.0.0.255') },
      counters: true,
      comment: true,
      timeoutSeconds: 4,
    });
  });
});

describe('members', () => {
  const member = (create: string, add: string): IpSetMember => only(create, add).members[0] as IpSetMember;
  it('have a time left, their own or the set’s', () => {
    expect(member('hash:net timeout 100', '10.0.0.0/8 timeout 99').timeoutSeconds).toBe(99);
    expect(member('hash:net timeout 100', '10.0.0.0/8').timeoutSeconds).toBe(100);
    expect(member('hash:net', '10.0.0.0/8').timeoutSeconds).toBeNull();
  });
  it('have counters, comments and skbinfo, of which the answer does not depend', () => {
    const { parts: found, nomatch } = member(
      'hash:net counters comment skbinfo timeout 9',
      '10.0.0.0/8 nomatch timeout 3 packets 5 bytes 18446744073709551615 comment "a \\"b\\", nomatch" skbmark 0x11/0xff skbprio 1:10 skbqueue 3',
    );
    expect(found).toEqual([net('10.0.0.0/8')]);
    expect(nomatch).toBe(true);
  });
  it('of ranges are the prefixes that cover them', () => {
    expect(parts(only('hash:net', '10.0.0.0-10.0.0.9'))).toEqual([[net('10.0.0.0/29')], [net('10.0.0.8/31')]]);
    expect(parts(only('hash:ip,port,net', '10.0.0.1-10.0.0.2,tcp:1,10.0.0.255-10.0.1.0'))).toHaveLength(4);
    expect(parts(only('hash:net', '0.0.0.0-255.255.255.255'))).toEqual([[net('0.0.0.0/0')]]);
  });
});

it('a type that the model does not know keeps its name, and its members are not read', () => {
  expect(setsOf('create s hash:new,thing\nadd s a!b')).toEqual([
    { kind: 'unsupported', name: 's', type: 'hash:new,thing', line: 1 },
  ]);
});

test.each([
  ['add s 10.0.0.1', 1, 'not created before'],
  ['create s hash:ip\ncreate s hash:ip', 2, 'created twice'],
  ['create s hash:ip\nadd s 10.0.0', 2, 'IP address'],
  ['create s hash:ip\nadd s fd00::1', 2, 'not ipv4'],
  ['create s hash:ip\nadd s 10.0.0.1,tcp:80', 2, 'this member 2'],
  ['create s hash:ip,port\nadd s 10.0.0.1', 2, 'this member 1'],
  ['create s hash:ip,port\nadd s 10.0.0.1,tcp:70000', 2, 'port'],
  ['create s hash:ip,port\nadd s 10.0.0.1,gre:80', 2, 'no ports'],
  ['create s hash:ip,port\nadd s 10.0.0.1,quic:80', 2, 'protocol'],
  ['create s hash:ip\nadd s 10.0.0.1 nomtach', 2, 'not an option of a member'],
  ['create s hash:ip\nadd s 10.0.0.1 comment "a', 2, 'not closed'],
  ['create s hash:ip hashsze 1', 1, 'not an option of a set'],
  ['create s hash:ip timeout', 1, 'the line ends'],
  ['create s', 1, 'the line ends'],
  ['destroy s', 1, 'expected'],
])('%j is a problem of line %i: %s', (text, line, message) => {
  const parsed = parseIpsetSave(text);
  if (parsed.ok) throw new Error('it parsed');
  expect(parsed.error).toMatchObject({ line });
  expect(parsed.error.message).toContain(message);
});

describe('ipset list', () => {
  const LIST = `Name: a
Type: hash:net
Revision: 7
Header: family inet hashsize 1024 maxelem 65536 timeout 0
Size in memory: 672
References: 2
Number of entries: 2
Members:
10.0.0.0/8 timeout 0
10.1.0.0/16 timeout 7 nomatch

Name: b
Type: list:set
Revision: 3
Header: size 8
Size in memory: 176
References: 0
Number of entries: 1
Members:
a
`;
  const bare = (sets: readonly IpSet[]) =>
    sets.map((set) =>
      set.kind === 'members' ? { ...set, line: 0, members: set.members.map((m) => ({ ...m, line: 0 })) } : set,
    );
  it('says what `ipset save` says', () => {
    const saved = setsOf(`create a hash:net family inet hashsize 1024 maxelem 65536 timeout 0
add a 10.0.0.0/8 timeout 0
add a 10.1.0.0/16 timeout 7 nomatch
create b list:set size 8
add b a`);
    const listed = parseIpsetListText(LIST);
    expect(listed.ok && bare(listed.value)).toEqual(bare(saved));
  });
  test.each([
    [LIST.replace('10.0.0.0/8 timeout 0\n', ''), 1, 'has 2 members, of which 1'],
    [LIST.slice(0, LIST.indexOf('Members:')), 1, 'members of set a'],
    [LIST.replace('Type: hash:net\n', ''), 7, 'type'],
    [LIST.replaceAll('Name: b', 'Name: a'), 12, 'twice'],
    [LIST.replace('Revision', 'Rivision'), 3, 'heading'],
    ['', 1, 'nothing'],
  ])('cut or edited it is a problem: %#', (text, line, message) => {
    const parsed = parseIpsetListText(text);
    if (parsed.ok) throw new Error('it parsed');
    expect(parsed.error.line).toBe(line);
    expect(parsed.error.message).toContain(message);
  });
});
