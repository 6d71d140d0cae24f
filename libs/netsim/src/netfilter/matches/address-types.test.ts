/** What kind of address an IPv6 address is to `-m addrtype`: by itself, and by where a packet to it would go. */
import { type AddrType, type Ipv6, ip } from '@netverdict/linux-net';
import { describe, expect, it } from 'vitest';
import { address, cluster, known, route } from '../../testing/cluster.ts';
import { A1, flow, HOST1 } from '../../testing/flows.ts';
import { SYN } from '../../testing/packets.ts';
import { Walk } from '../../walk/walk.ts';
import { type Answer, NO_DEVICES, type RuleContext } from '../context.ts';
import { evaluateMatch } from './index.ts';

const ETH0 = 2;
const ROUTES = [
  route('fd77::1/128', ETH0, { table: 255, type: 'local' }),
  route('fd00::/64', ETH0),
  route('fd66::/64', 1, { type: 'unreachable' }),
];
const world = cluster({
  edit: {
    [HOST1]: (s) => ({ ...s, routes6: known(ROUTES), addresses: known([address(ETH0, 'fd77::1/128')]) }),
  },
});

function asks(destination: string, wanted: AddrType, more: Partial<RuleContext> = {}, limited = false): Answer | null {
  const ns = world.namespaces.get(HOST1) ?? expect.fail('no host');
  const c: RuleContext = {
    ...NO_DEVICES,
    walk: new Walk(world, flow(A1, '10.244.2.2:80'), []),
    ns,
    hook: 'PREROUTING',
    packet: { ...SYN, family: 'ipv6', source: ip('fd00::1'), destination: ip(destination) as Ipv6 },
    ...more,
  };
  const limitIface = limited ? 'in' : null;
  return evaluateMatch({ negate: false, kind: 'addrtype', side: 'destination', types: [wanted], limitIface }, c);
}

describe('an IPv6 address', () => {
  it.each<[string, string, AddrType, boolean]>([
    ['of a host', 'fd00::2', 'UNICAST', true],
    ['of a group', 'ff02::1', 'UNICAST', false],
    ['of a group', 'ff02::1', 'MULTICAST', true],
    ['that is none', '::', 'UNSPEC', true],
    ['without a route', 'fd99::1', 'UNREACHABLE', true],
    ['with a route that refuses', 'fd66::1', 'UNREACHABLE', true],
    ['with a route', 'fd00::2', 'UNREACHABLE', false],
    ['of this host', 'fd77::1', 'LOCAL', true],
    ['of this host', 'fd77::1', 'UNREACHABLE', false],
    ['of another host', 'fd00::2', 'LOCAL', false],
    ['of all routers of a link', 'fd00::', 'ANYCAST', true],
    ['of a host', 'fd00::2', 'ANYCAST', false],
  ])('%s (%s) and %s: %s', (_, destination, wanted, expected) => {
    expect(asks(destination, wanted)).toBe(expected);
  });
  it('is unreachable through a device that no route to it leaves by', () => {
    const ns = world.namespaces.get(HOST1) ?? expect.fail('no host');
    const iif = (index: number) => ({ iif: [...ns.net.linkByIndex.values()].find((l) => l.ifindex === index) ?? null });
    expect(asks('fd00::2', 'UNREACHABLE', iif(ETH0), true)).toBe(false);
    expect(asks('fd00::2', 'UNREACHABLE', iif(1), true)).toBe(true);
    expect(asks('fd77::1', 'LOCAL', iif(ETH0), true)).toBe(true);
  });
});
