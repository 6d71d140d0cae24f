/** No packet makes it throw, and shares always add up: over arbitrary rules, routes and flows. */
import { formatIp, type Ipv4, ip, type NetnsState, type XtMatch, type XtTarget } from '@netverdict/linux-net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { diagnose } from './diagnose.ts';
import { cluster, known, missing, type RuleSpec, route, ruleset } from './testing/cluster.ts';
import { A1, A2, flow, HOST1, HOST2 } from './testing/flows.ts';

const addresses = [
  '10.244.1.2',
  '10.244.1.3',
  '10.244.2.2',
  '10.244.2.9',
  '172.18.0.12',
  '172.18.0.1',
  '10.96.0.10',
  '203.0.113.10',
  '127.0.0.1',
  '0.0.0.0',
  '255.255.255.255',
  '224.0.0.1',
  '10.244.1.255',
];
const anyAddress = fc.oneof(
  fc.constantFrom(...addresses),
  fc.integer({ min: 0, max: 0xffffffff }).map((n) => formatIp(n as Ipv4)),
);

const anyMatch: fc.Arbitrary<XtMatch> = fc.oneof(
  anyAddress.map(
    (a): XtMatch => ({ kind: 'destination', negate: false, value: { address: ip(a), mask: ip('255.255.0.0') } }),
  ),
  fc.boolean().map((negate): XtMatch => ({ kind: 'mark', negate, value: 1, mask: 1 })),
  fc.constantFrom<XtMatch>(
    { kind: 'unsupported', module: 'u32', text: '' },
    { kind: 'ctstate', negate: false, states: ['INVALID'] },
    { kind: 'limit', negate: false, rate: '1/sec', burst: 1 },
  ),
  fc
    .double({ min: 0, max: 1, noNaN: true })
    .map((probability): XtMatch => ({ kind: 'statistic-random', negate: false, probability })),
);
const anyTarget: fc.Arbitrary<XtTarget | null> = fc.oneof(
  fc.constantFrom<XtTarget | null>(
    null,
    { kind: 'accept' },
    { kind: 'drop' },
    { kind: 'return' },
    { kind: 'reject', with: 'icmp-port-unreachable' },
    { kind: 'mark', value: 1, mask: 1 },
    { kind: 'masquerade', ports: null, random: false, randomFully: false },
    { kind: 'jump', chain: 'USER' },
    { kind: 'goto', chain: 'USER' },
    { kind: 'jump', chain: 'ABSENT' },
    { kind: 'unsupported', name: 'X', text: '' },
  ),
  anyAddress.map(
    (a): XtTarget => ({
      kind: 'dnat',
      to: {
        addresses: { from: ip(a), to: ip(a) },
        ports: null,
        basePort: null,
        random: false,
        randomFully: false,
        persistent: false,
      },
    }),
  ),
);
const anyRule: fc.Arbitrary<RuleSpec> = fc.record({ matches: fc.array(anyMatch, { maxLength: 2 }), target: anyTarget });
const rules = fc.array(anyRule, { maxLength: 3 });
const anyEdit = fc.record({
  nat: rules,
  filter: rules,
  user: rules,
  routes: fc.array(
    fc.record({
      to: anyAddress,
      length: fc.integer({ min: 0, max: 32 }),
      dev: fc.integer({ min: 0, max: 5 }),
      via: fc.option(anyAddress),
    }),
    { maxLength: 3 },
  ),
  lost: fc.constantFrom(
    'none',
    'links',
    'addresses',
    'routes4',
    'rules4',
    'neighbours',
    'fdb',
    'netnsIds',
    'sysctls',
    'sockets',
    'programs',
    'nftables',
    'iptablesLegacy',
  ),
});

/** For 64 branches in 4 rounds; the most in 60,000 inputs was a third of it. A model that goes in circles takes more. */
const MAX_WORK = 500_000;

it('no packet makes it throw, and what it says adds up', () => {
  fc.assert(
    fc.property(
      anyEdit,
      fc.constantFrom(HOST1, HOST2, A1, A2),
      fc.constantFrom(HOST1, A1, A2, '203.0.113.10'),
      anyAddress,
      fc.constantFrom('', ':80', ':53'),
      ({ nat, filter, user, routes, lost }, at, from, to, port) => {
        const edit = (s: NetnsState): NetnsState => ({
          ...s,
          iptablesNft: known(
            ruleset('nft', {
              nat: { PREROUTING: nat, OUTPUT: nat, POSTROUTING: nat, USER: user },
              filter: { INPUT: filter, FORWARD: filter, OUTPUT: filter, USER: user },
            }),
          ),
          routes4: s.routes4.known
            ? known([
                ...routes.map((r) => route(`${r.to}/${r.length}`, r.dev, r.via === null ? {} : { via: r.via })),
                ...s.routes4.value,
              ])
            : s.routes4,
          ...(lost === 'none' ? {} : { [lost]: missing('ip-link', 'lost in the test') }),
        });
        const { diagnosis, work } = diagnose(
          cluster({ edit: { [at]: edit } }),
          flow(from, `${to}${port}`, { protocol: port === ':53' ? 'udp' : port ? 'tcp' : 'icmp' }),
          { source: 'a', destination: 'b' },
          { maxBranches: 64, maxRounds: 4 },
        );
        expect(work).toBeLessThan(MAX_WORK);
        const { reachable, unreachable, undetermined } = diagnosis.verdict.share;
        expect(reachable + unreachable + undetermined + diagnosis.unexamined).toBeCloseTo(1, 6);
        if (diagnosis.verdict.outcome === 'unreachable') expect(diagnosis.findings.length).toBeGreaterThan(0);
      },
    ),
    { numRuns: 200 },
  );
}, 60_000);
