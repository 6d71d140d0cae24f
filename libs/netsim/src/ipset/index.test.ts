/** Sets are found in by tries and hashes: against every member asked in turn, over random sets and packets. */
import { type IpSetType, ip } from '@netverdict/linux-net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ask, PACKET } from '../testing/ipset-questions.ts';
import { iface, type MemberSpec, net, port, set } from '../testing/ipsets.ts';
import { naiveMembership } from '../testing/naive-ipset.ts';
import type { SetProbe, Side } from './probe.ts';

describe('the index never changes an answer', () => {
  const address = fc.integer({ min: 0, max: 7 }).map((n) => `10.0.0.${n}`);
  const prefixed = fc
    .tuple(address, fc.integer({ min: 28, max: 32 }))
    .map(([text, length]) => net(`${text}/${length}`));
  const host = address.map((text) => net(`${text}/32`));
  const ports = fc.constantFrom(port(6, 1), port(6, 2), port(17, 1), port(1, 2048), port(6, 1, 2));
  const device = fc.constantFrom(iface('eth0'), iface('eth1'), iface('e', { wildcard: true }));
  const PARTS: { readonly [T in IpSetType]?: readonly fc.Arbitrary<MemberSpec['parts'][number]>[] } = {
    'hash:ip': [host],
    'hash:net': [prefixed],
    'hash:net,net': [prefixed, prefixed],
    'hash:ip,port': [host, ports],
    'hash:net,port': [prefixed, ports],
    'hash:ip,port,ip': [host, ports, host],
    'hash:ip,port,net': [host, ports, prefixed],
    'hash:net,port,net': [prefixed, ports, prefixed],
    'hash:net,iface': [prefixed, device],
  };
  test.each(Object.keys(PARTS) as IpSetType[])('%s', (type) => {
    const members = fc.uniqueArray(
      fc.record({
        parts: fc.tuple(...(PARTS[type] ?? [])),
        nomatch: type.includes('net') ? fc.boolean() : fc.constant(false),
      }),
      { maxLength: 12, selector: (member) => naiveKey(member.parts) },
    );
    const directions = fc.array(fc.constantFrom<Side>('src', 'dst'), { minLength: 1, maxLength: 3 });
    const probe = fc.record({
      from: address,
      to: address,
      sport: fc.integer({ min: 0, max: 3 }),
      in: fc.constantFrom('eth0', 'eth1', 'x'),
    });
    fc.assert(
      fc.property(members, directions, probe, (list, sides, packet) => {
        const asked = set('s', type, list);
        const seen: SetProbe = {
          ...PACKET,
          address: (side) => ip(side === 'src' ? packet.from : packet.to),
          port: (side) => (side === 'src' ? packet.sport : 1),
          device: () => packet.in,
        };
        expect(ask(asked, { directions: sides.join(','), probe: seen })).toBe(
          naiveMembership(asked, seen, sides) === 'in',
        );
      }),
      { numRuns: 400 },
    );
  });
});

/** The kernel keeps one member for each element: ranges of ports are elements of their own, here left to the first. */
const naiveKey = (parts: MemberSpec['parts']): string =>
  parts
    .map((part) =>
      part.kind === 'prefix'
        ? `${part.prefix.address}/${part.prefix.length}`
        : part.kind === 'port'
          ? `${part.protocol === 6 ? 6 : `${part.protocol}:${part.from}`}`
          : part.kind === 'iface'
            ? 'device'
            : '',
    )
    .join();
