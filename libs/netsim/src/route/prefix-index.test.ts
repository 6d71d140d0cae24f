import { formatIp, type Ipv4, ip, maskAddress, prefixContains, type Route } from '@netverdict/linux-net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { route } from '../testing/cluster.ts';
import { PrefixIndex } from './prefix-index.ts';

const anyRoute = fc
  .record({
    address: fc.integer({ min: 0, max: 0xffffffff }),
    length: fc.integer({ min: 0, max: 32 }),
    metric: fc.nat({ max: 3 }),
  })
  .map(({ address, length, metric }) =>
    route(`${formatIp(maskAddress(address as Ipv4, length))}/${length}`, 2, { metric }),
  );

/** Looks at every route, as one would by hand. */
const scan = (routes: readonly Route[], address: Ipv4): Route | undefined =>
  routes
    .filter((r) => prefixContains(r.destination, address))
    .sort((a, b) => b.destination.length - a.destination.length || a.metric - b.metric)[0];

it('finds what a naive longest-prefix scan finds', () => {
  fc.assert(
    fc.property(
      fc.array(anyRoute, { maxLength: 40 }),
      fc.integer({ min: 0, max: 0xffffffff }),
      fc.nat(),
      (routes, random, pick) => {
        // Half the time an address that some route holds: a random one seldom meets a long prefix.
        const near = routes[pick % (routes.length || 1)]?.destination.address as Ipv4 | undefined;
        const address = pick % 2 === 0 && near !== undefined ? near : (random as Ipv4);
        const [best] = new PrefixIndex(routes).matching(address);
        const expected = scan(routes, address);
        expect(best?.destination).toEqual(expected?.destination);
        expect(best?.metric).toBe(expected?.metric);
      },
    ),
  );
});

it('finds what a naive scan finds among IPv6 routes', () => {
  // Few bits differ, so that prefixes of many lengths hold one address.
  const anyAddress = fc.array(fc.constantFrom(0, 1, 2), { minLength: 8, maxLength: 8 }).map((g) => ip(g.join(':')));
  const anyRoute6 = fc
    .record({ address: anyAddress, length: fc.integer({ min: 0, max: 128 }), metric: fc.nat({ max: 3 }) })
    .map(({ address, length, metric }) => route(`${formatIp(maskAddress(address, length))}/${length}`, 2, { metric }));
  fc.assert(
    fc.property(fc.array(anyRoute6, { maxLength: 40 }), anyAddress, (routes, address) => {
      const [best] = new PrefixIndex(routes).matching(address);
      const naive = routes
        .filter((r) => prefixContains(r.destination, address))
        .sort((a, b) => b.destination.length - a.destination.length || a.metric - b.metric)[0];
      expect([best?.destination, best?.metric]).toEqual([naive?.destination, naive?.metric]);
    }),
  );
});
