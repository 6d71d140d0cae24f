/** What a world remembers of who answers changes nothing: one that was asked many times says what a new one says. */
import type { NetnsState } from '@netverdict/linux-net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { evaluate, verdictOf } from '../evaluate.ts';
import { address, cluster, known, route } from '../testing/cluster.ts';
import { A1, B1, flow, HOST1 } from '../testing/flows.ts';

/** The pods of node 1 behind veths of their own, without a bridge, as Calico has them. */
const routed = (s: NetnsState): NetnsState => ({
  ...s,
  links: s.links.known ? known(s.links.value.map((l) => ({ ...l, master: null, bridgePort: null }))) : s.links,
  addresses: s.addresses.known
    ? known([...s.addresses.value, address(12, '10.244.1.1/32'), address(13, '10.244.1.1/32')])
    : s.addresses,
  routes4: s.routes4.known
    ? known([...s.routes4.value, route('10.244.1.2/32', 12), route('10.244.1.3/32', 13)])
    : s.routes4,
});

const switched =
  (values: Readonly<Record<string, string>>) =>
  (s: NetnsState): NetnsState => ({
    ...s,
    sysctls: s.sysctls.known ? known(new Map([...s.sysctls.value, ...Object.entries(values)])) : s.sysctls,
  });

const arp = fc.dictionary(
  fc
    .constantFrom('arp_ignore', 'arp_announce', 'arp_filter', 'proxy_arp', 'rp_filter')
    .map((name) => `net/ipv4/conf/all/${name}`),
  fc.constantFrom('0', '1', '2', '8'),
);
const anyFlow = fc
  .record({
    from: fc.constantFrom(A1, B1, HOST1),
    to: fc.constantFrom('10.244.1.2', '10.244.1.3', '10.244.1.9', '10.244.2.2', '172.18.0.12'),
    port: fc.constantFrom(':80', ':81', ''),
  })
  .map(({ from, to, port }) => flow(from, to + port));

it('says of each flow what a new world says of it, whatever was asked before', () => {
  let answered = 0;
  fc.assert(
    fc.property(arp, arp, fc.array(anyFlow, { minLength: 2, maxLength: 6 }), (host, pod, flows) => {
      const make = () =>
        cluster({ edit: { [HOST1]: (s) => switched(host)(routed(s)), [A1]: switched(pod), [B1]: switched(pod) } });
      const old = make();
      for (const question of [...flows, ...flows]) {
        const told = evaluate(old, question);
        const anew = evaluate(make(), question);
        expect(told.trace).toEqual(anew.trace);
        expect(told.shares).toEqual(anew.shares);
        expect(verdictOf(old, question).shares).toEqual(anew.shares);
        if (told.shares.reachable === 1 && question.destination.address === '10.244.1.3') answered++;
      }
    }),
    { numRuns: 60 },
  );
  expect(answered).toBeGreaterThan(0);
});
