/**
 * Membership, each type with a packet that is in, one that is not, and where it cannot be told. The facts that look odd were
 * seen in a kernel (6.18): a rule with too few directions, networks that hide wider ones, members of bridge ports.
 */
import { IP_SET_TYPES, type IpSetType, ip } from '@netverdict/linux-net';
import { describe, expect, test } from 'vitest';
import { ask, FRAGMENT, GRE, ICMP, IPV6, of, PACKET, type Row } from '../testing/ipset-questions.ts';
import { iface, macPart, markPart, net, port, set, setPart } from '../testing/ipsets.ts';

const ROWS: { readonly [T in IpSetType]: readonly Row[] } = {
  'bitmap:ip': [
    ['the address', of('bitmap:ip', [net('10.0.0.1/32')]), 'src', true],
    ['another address', of('bitmap:ip', [net('10.0.0.1/32')]), 'dst', false],
    [
      'the first address of the range, and its last',
      set('s', 'bitmap:ip', [{ parts: [net('10.0.0.1/32')] }], {
        range: { from: Number(ip('10.0.0.1')), to: Number(ip('10.0.0.1')) },
      }),
      'src',
      true,
    ],
    [
      'an address outside the range',
      set('s', 'bitmap:ip', [{ parts: [net('10.0.0.0/24')] }], { range: { from: 0, to: 9 } }),
      'src',
      false,
    ],
  ],
  'bitmap:ip,mac': [
    ['address and MAC', of('bitmap:ip,mac', [net('10.0.0.1/32'), macPart('02:00:00:00:00:01')]), 'src,src', true],
    ['another MAC', of('bitmap:ip,mac', [net('10.0.0.1/32'), macPart('02:00:00:00:00:02')]), 'src,src', false],
    ['an address stored without a MAC', of('bitmap:ip,mac', [net('10.0.0.1/32'), macPart(null)]), 'src,dst', true],
    [
      'a MAC that is not known',
      of('bitmap:ip,mac', [net('10.0.0.1/32'), macPart('02:00:00:00:00:01')]),
      'src,dst',
      { unknown: 'the link-layer address that set s asks for' },
    ],
    ['no MAC decides', of('bitmap:ip,mac', [net('10.9.0.1/32'), macPart('02:00:00:00:00:01')]), 'src,dst', false],
  ],
  'bitmap:port': [
    ['TCP’s port', of('bitmap:port', [port(null, 79, 81)]), 'dst', true],
    ['UDP’s port', of('bitmap:port', [port(null, 80)]), 'dst', true, { ...PACKET, protocol: 17 }],
    ['SCTP has none here', of('bitmap:port', [port(null, 80)]), 'dst', false, { ...PACKET, protocol: 132 }],
    ['a fragment', of('bitmap:port', [port(null, 80)]), 'dst', false, FRAGMENT],
    ['any family', of('bitmap:port', [port(null, 80)]), 'dst', true, IPV6],
  ],
  'hash:ip': [
    ['the address', of('hash:ip', [net('10.0.0.1/32')]), 'src', true],
    ['the other direction', of('hash:ip', [net('10.0.0.1/32')]), 'dst', false],
    ['more directions than it has', of('hash:ip', [net('10.0.0.1/32')]), 'src,dst,dst', true],
    ['the other family', of('hash:ip', [net('10.0.0.1/32')]), 'src', false, IPV6],
    [
      'the other family, which the set’s mask is not for',
      set('s', 'hash:ip', [{ parts: [net('10.0.0.0/32')] }], { mask: ip('255.255.255.0') }),
      'src',
      false,
      IPV6,
    ],
    [
      'a netmask for both',
      set('s', 'hash:ip', [{ parts: [net('10.0.0.0/32')] }], { mask: ip('255.255.255.0') }),
      'src',
      true,
    ],
  ],
  'hash:mac': [
    ['the MAC', of('hash:mac', [macPart('02:00:00:00:00:01')]), 'src', true],
    ['another MAC', of('hash:mac', [macPart('02:00:00:00:00:09')]), 'src', false],
    [
      'no link-layer header',
      of('hash:mac', [macPart('02:00:00:00:00:01')]),
      'src',
      false,
      { ...PACKET, mac: () => null },
    ],
  ],
  'hash:ip,mac': [
    ['both', of('hash:ip,mac', [net('10.1.0.2/32'), macPart('02:00:00:00:00:01')]), 'dst,src', true],
    ['one of them', of('hash:ip,mac', [net('10.0.0.1/32'), macPart('02:00:00:00:00:01')]), 'dst,src', false],
  ],
  'hash:net': [
    ['a network', of('hash:net', [net('10.0.0.0/24')]), 'src', true],
    ['another network', of('hash:net', [net('10.0.1.0/24')]), 'src', false],
  ],
  'hash:net,net': [
    ['both networks', of('hash:net,net', [net('10.0.0.0/16'), net('10.1.0.0/16')]), 'src,dst', true],
    ['turned round', of('hash:net,net', [net('10.0.0.0/16'), net('10.1.0.0/16')]), 'dst,src', false],
    ['one direction is missing', of('hash:net,net', [net('0.0.0.0/0'), net('0.0.0.0/0')]), 'src', false],
    [
      'the first network’s length comes first',
      set('s', 'hash:net,net', [
        { parts: [net('10.0.0.0/24'), net('0.0.0.0/0')] },
        { parts: [net('10.0.0.0/16'), net('10.1.0.2/32')], nomatch: true },
      ]),
      'src,dst',
      true,
    ],
  ],
  'hash:ip,port': [
    ['address and port', of('hash:ip,port', [net('10.1.0.2/32'), port(6, 80)]), 'dst,dst', true],
    [
      'the address of one side, the port of the other',
      of('hash:ip,port', [net('10.0.0.1/32'), port(6, 80)]),
      'src,dst',
      true,
    ],
    ['another protocol', of('hash:ip,port', [net('10.1.0.2/32'), port(17, 80)]), 'dst,dst', false],
    ['ICMP’s type and code', of('hash:ip,port', [net('10.1.0.2/32'), port(1, 2048)]), 'dst,dst', true, ICMP],
    ['a protocol without ports', of('hash:ip,port', [net('10.1.0.2/32'), port(47, 0)]), 'dst,dst', true, GRE],
    ['a fragment', of('hash:ip,port', [net('10.1.0.2/32'), port(6, 80)]), 'dst,dst', false, FRAGMENT],
    ['one direction only', of('hash:ip,port', [net('10.1.0.2/32'), port(6, 80)]), 'dst', false],
  ],
  'hash:net,port': [
    ['network and port', of('hash:net,port', [net('10.1.0.0/16'), port(6, 80, 90)]), 'dst,dst', true],
    ['a port beyond', of('hash:net,port', [net('10.1.0.0/16'), port(6, 81, 90)]), 'dst,dst', false],
    [
      'a narrower network with another port hides nothing',
      of('hash:net,port', [net('10.1.0.2/32'), port(6, 81)], [net('10.1.0.0/16'), port(6, 80)]),
      'dst,dst',
      true,
    ],
  ],
  'hash:ip,port,ip': [
    ['all three', of('hash:ip,port,ip', [net('10.0.0.1/32'), port(6, 80), net('10.1.0.2/32')]), 'src,dst,dst', true],
    ['two of them', of('hash:ip,port,ip', [net('10.0.0.1/32'), port(6, 80), net('10.1.0.3/32')]), 'src,dst,dst', false],
  ],
  'hash:ip,port,net': [
    ['all three', of('hash:ip,port,net', [net('10.0.0.1/32'), port(6, 80), net('10.0.0.0/8')]), 'src,dst,dst', true],
    [
      'the network’s length decides, not the range that the address stood in',
      set('s', 'hash:ip,port,net', [
        { parts: [net('10.0.0.1/32'), port(6, 80), net('10.0.0.0/8')] },
        { parts: [net('10.0.0.0/30'), port(6, 80), net('10.1.0.0/16')], nomatch: true },
      ]),
      'src,dst,dst',
      false,
    ],
  ],
  'hash:net,port,net': [
    ['all three', of('hash:net,port,net', [net('10.0.0.0/24'), port(6, 80), net('0.0.0.0/0')]), 'src,dst,dst', true],
    [
      'two of them',
      of('hash:net,port,net', [net('10.0.0.0/24'), port(6, 80), net('10.2.0.0/16')]),
      'src,dst,dst',
      false,
    ],
  ],
  'hash:net,iface': [
    ['network and device', of('hash:net,iface', [net('10.0.0.0/8'), iface('eth0')]), 'src,src', true],
    ['the device that it leaves by', of('hash:net,iface', [net('10.0.0.0/8'), iface('eth0')]), 'src,dst', false],
    [
      'names that begin so',
      of('hash:net,iface', [net('10.0.0.0/8'), iface('et', { wildcard: true })]),
      'src,src',
      true,
    ],
    [
      'a bridge port, which no rule asks for',
      of('hash:net,iface', [net('10.0.0.0/8'), iface('eth0', { physdev: true })]),
      'src,src',
      false,
    ],
    [
      'a narrower network with another device hides the wider one',
      of('hash:net,iface', [net('10.0.0.1/32'), iface('eth9')], [net('10.0.0.0/8'), iface('eth0')]),
      'src,src',
      false,
    ],
    [
      'no device',
      of('hash:net,iface', [net('10.0.0.0/8'), iface('', { wildcard: true })]),
      'src,dst',
      false,
      { ...PACKET, device: () => null },
    ],
  ],
  'hash:ip,mark': [
    ['address and mark', of('hash:ip,mark', [net('10.0.0.1/32'), markPart(0x63)]), 'src,src', true],
    ['another mark', of('hash:ip,mark', [net('10.0.0.1/32'), markPart(0x64)]), 'src,src', false],
    [
      'the bits of the mask only',
      set('s', 'hash:ip,mark', [{ parts: [net('10.0.0.1/32'), markPart(3)] }], { markmask: 0xf }),
      'src,src',
      true,
    ],
  ],
  'list:set': [
    ['nothing in an empty list', of('list:set'), 'src', false],
    [
      'a set that was not read',
      of('list:set', [setPart('a')]),
      'src',
      { unknown: 'set a, which is not in ipset-save' },
    ],
  ],
};

describe.each(Object.keys(IP_SET_TYPES) as IpSetType[])('%s', (type) => {
  test.each(ROWS[type].map(([says, asked, directions, answer, probe]) => ({ says, asked, directions, answer, probe })))(
    '$says',
    ({ asked, directions, answer, probe }) => {
      expect(ask(asked, { directions, ...(probe ? { probe } : {}) })).toEqual(answer);
    },
  );
});
