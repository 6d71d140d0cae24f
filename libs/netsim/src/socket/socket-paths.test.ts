/** Packets that sockets decide about. */
import { ifIndex } from '@netverdict/linux-net';
import { known, listener } from '../testing/cluster.ts';
import { sysctls } from '../testing/edits.ts';
import { A1, A2, flow } from '../testing/flows.ts';
import { rows } from '../testing/rows.ts';

rows('broken', [
  {
    name: 'nobody listens',
    flow: flow(A1, '10.244.2.2:81'),
    outcome: 'unreachable',
    disposition: 'refused',
    findings: ['NV-NO-LISTENER'],
    remedy: null,
  },
  {
    name: 'a listener on 127.0.0.1',
    flow: flow(A1, '10.244.2.2:81'),
    with: { edit: { [A2]: (s) => ({ ...s, sockets: known([listener('tcp', 81, '127.0.0.1')]) }) } },
    outcome: 'unreachable',
    findings: ['NV-LISTENER-LOOPBACK-ONLY'],
  },
]);

rows("what was wrong once, or would go unnoticed if the kernel's rule were turned round", [
  {
    name: 'a socket that is bound to another device does not take it',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A2]: (s) => ({ ...s, sockets: known([{ ...listener('tcp', 80), dev: ifIndex(1) }]) }) } },
    outcome: 'unreachable',
    disposition: 'refused',
  },
  {
    name: 'an IPv6 wildcard socket takes IPv4',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A2]: (s) => ({ ...s, sockets: known([{ ...listener('tcp', 80, '::'), v6only: false }]) }) } },
    outcome: 'reachable',
  },
  {
    name: 'an IPv6 wildcard socket with IPV6_V6ONLY does not',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A2]: (s) => ({ ...s, sockets: known([{ ...listener('tcp', 80, '::'), v6only: true }]) }) } },
    outcome: 'unreachable',
    disposition: 'refused',
  },
  {
    name: 'a host that ignores echo requests',
    flow: flow(A1, '10.244.2.2'),
    with: { edit: { [A2]: sysctls({ 'net/ipv4/icmp_echo_ignore_all': '1' }) } },
    outcome: 'unreachable',
    disposition: 'filtered-by-kernel',
  },
]);
