import { ip } from '@netverdict/linux-net';
import { describe, expect, test } from 'vitest';
import { parseSection } from '../section.ts';

describe('sysctl', () => {
  test.each([
    ['net/ipv4/ip_forward = 1', 'net/ipv4/ip_forward', '1'],
    ['net.ipv4.ip_forward = 1', 'net/ipv4/ip_forward', '1'],
    ['net/ipv4/conf/eth0.100/rp_filter = 2', 'net/ipv4/conf/eth0.100/rp_filter', '2'],
    ['net.ipv4.conf.eth0/100.rp_filter = 2', 'net/ipv4/conf/eth0.100/rp_filter', '2'],
    ['net/ipv4/ip_local_port_range = 32768\t60999', 'net/ipv4/ip_local_port_range', '32768\t60999'],
  ])('%s', (line, path, value) => {
    const parsed = parseSection('sysctl', `${line}\n`);
    expect(parsed.ok && [...parsed.value]).toEqual([[path, value]]);
  });
});

describe('conntrack', () => {
  const entryOf = (line: string) => {
    const parsed = parseSection('conntrack', `${line}\n`);
    if (!parsed.ok) throw new Error(parsed.error.message);
    return parsed.value[0];
  };
  test('an established connection through a Service', () => {
    expect(
      entryOf(
        'ipv4     2 tcp      6 86399 ESTABLISHED src=10.244.1.2 dst=10.96.0.80 sport=40000 dport=80 packets=5 bytes=400 src=10.244.2.2 dst=10.244.1.2 sport=8080 dport=40000 packets=4 bytes=300 [ASSURED] mark=4 zone=1 use=2',
      ),
    ).toMatchObject({
      protocol: 6,
      state: 'ESTABLISHED',
      assured: true,
      unreplied: false,
      expected: false,
      carried: { original: { packets: 5, bytes: 400 }, reply: { packets: 4, bytes: 300 } },
      mark: 4,
      zone: 1,
      original: { source: ip('10.244.1.2'), destination: ip('10.96.0.80'), sport: 40000, dport: 80 },
      reply: { source: ip('10.244.2.2'), sport: 8080 },
      line: 1,
    });
  });
  test('a ping without a reply, as conntrack prints without -o extended', () => {
    expect(
      entryOf(
        'icmp     1 29 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=5 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=5 mark=0 use=1',
      ),
    ).toMatchObject({
      protocol: 1,
      state: null,
      unreplied: true,
      expected: false,
      original: { sport: null, icmp: { type: 8, code: 0, id: 5 } },
    });
  });
  test('a zone for one direction', () => {
    const line = (zone: string) =>
      `udp 17 29 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 mark=0 ${zone} use=1`;
    expect(entryOf(line('zone-reply=7'))).toMatchObject({ zone: 7, zoneOf: 'reply' });
    expect(entryOf(line('zone-orig=7'))).toMatchObject({ zone: 7, zoneOf: 'original' });
    expect(entryOf(line('zone=7'))).not.toHaveProperty('zoneOf');
  });
  test('a cut entry is an error', () => {
    expect(parseSection('conntrack', 'tcp 6 5 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1')).toMatchObject({
      ok: false,
    });
  });
});

describe('sockets', () => {
  test('what sock_diag adds', () => {
    const parsed = parseSection(
      'sockets',
      '# tcp6\n   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 42 1 0 100 0 0 10 0 # v6only=1 dev=3 rqueue=2 wqueue=128\n',
    );
    expect(parsed.ok && parsed.value).toMatchObject([
      { local: { address: ip('::1'), port: 8080 }, v6only: true, dev: 3, acceptQueue: { length: 2, limit: 128 } },
    ]);
  });
  test('a socket before any heading is an error', () => {
    expect(parseSection('sockets', '0: 0100007F:1F90 00000000:0000 0A')).toMatchObject({
      ok: false,
      error: { line: 1 },
    });
  });
});

test('ipset save is a section whose sets have their members', () => {
  const parsed = parseSection(
    'ipset-save',
    'create nets hash:net family inet hashsize 1024\nadd nets 10.0.0.0/8\nadd nets 10.1.0.0/16 nomatch\n',
  );
  expect(parsed).toMatchObject({
    ok: true,
    value: [
      {
        kind: 'members',
        name: 'nets',
        line: 1,
        members: [
          { line: 2, nomatch: false },
          { line: 3, nomatch: true },
        ],
      },
    ],
  });
});
