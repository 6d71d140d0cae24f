/** Packets that neighbour resolution decides about. */
import { ifIndex, ip } from '@netverdict/linux-net';
import { address, known, mac, route } from '../testing/cluster.ts';
import { addresses, both, devices, ON_LINK, PROXY_ARP, routes, sysctls } from '../testing/edits.ts';
import { A1, B1, flow, HOST1 } from '../testing/flows.ts';
import { rows } from '../testing/rows.ts';

rows('broken', [
  {
    name: 'the neighbour entry of the tunnel is gone',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: (s) => ({ ...s, neighbours: known([]) }) } },
    outcome: 'unreachable',
    disposition: 'unresolved-neighbour',
    findings: ['NV-NEIGHBOUR-UNRESOLVED'],
    proven: true,
  },
]);

rows("what was wrong once, or would go unnoticed if the kernel's rule were turned round", [
  {
    name: 'arp_ignore=8 answers nobody',
    flow: flow(HOST1, '10.244.1.3:80'),
    with: { edit: { [B1]: sysctls({ 'net/ipv4/conf/eth0/arp_ignore': '8' }) } },
    outcome: 'unreachable',
    disposition: 'unresolved-neighbour',
    findings: ['NV-ARP-IGNORED'],
  },
  {
    name: 'arp_ignore=1 and 2 answer for an address of the device',
    flow: flow(A1, '10.244.1.3:80'),
    with: {
      edit: {
        [A1]: sysctls({ 'net/ipv4/conf/all/arp_ignore': '2' }),
        [B1]: sysctls({ 'net/ipv4/conf/all/arp_ignore': '1' }),
      },
    },
    outcome: 'reachable',
  },
  {
    name: 'a device with ARP off answers nobody',
    flow: flow(HOST1, '10.244.1.3:80'),
    with: { edit: { [B1]: devices('eth0', { noarp: true }) } },
    outcome: 'unreachable',
    disposition: 'unresolved-neighbour',
    findings: ['NV-NEIGHBOUR-UNRESOLVED'],
  },
  {
    name: 'and gets none: it sends to its own MAC address',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A1]: devices('eth0', { noarp: true }) } },
    outcome: 'unreachable',
  },
  {
    name: 'an address that two pods have is answered by either',
    flow: flow(HOST1, '10.244.1.3:80'),
    with: {
      edit: {
        [A1]: both(
          addresses((a) => [...a, address(2, '10.244.1.3/24')]),
          routes((r) => [...r, route('10.244.1.3/32', 2, { table: 255, type: 'local' })]),
        ),
      },
    },
    outcome: 'reachable',
    findings: ['NV-ANSWERED-BY-OTHER'],
  },
  {
    name: 'an address that two pods have, of which one does not listen',
    flow: flow(HOST1, '10.244.1.3:80'),
    with: {
      edit: {
        [A1]: both(
          addresses((a) => [...a, address(2, '10.244.1.3/24')]),
          routes((r) => [...r, route('10.244.1.3/32', 2, { table: 255, type: 'local' })]),
          (s) => ({ ...s, sockets: known([]) }),
        ),
      },
    },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'a route that takes the other nodes for neighbours needs somebody who answers for them',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A1]: ON_LINK } },
    outcome: 'unreachable',
    disposition: 'unresolved-neighbour',
  },
  {
    name: 'and has one where the node answers by proxy_arp',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A1]: ON_LINK, [HOST1]: PROXY_ARP } },
    outcome: 'reachable',
  },
  {
    name: 'proxy_arp does not answer for an address to which the node itself has no other way',
    flow: flow(A1, '10.244.1.9:80'),
    with: { edit: { [HOST1]: PROXY_ARP } },
    outcome: 'unreachable',
    disposition: 'unresolved-neighbour',
  },
  {
    name: 'proxy_arp does not answer for an address that the node refuses',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: {
        [A1]: ON_LINK,
        [HOST1]: both(
          PROXY_ARP,
          routes((r) => [...r, route('10.244.2.2/32', 0, { type: 'blackhole' })]),
        ),
      },
    },
    outcome: 'unreachable',
    disposition: 'unresolved-neighbour',
  },
  {
    name: 'a gateway outside whose entry says FAILED does not answer',
    flow: flow(HOST1, '203.0.113.10:443'),
    with: {
      edit: {
        [HOST1]: (s) => ({
          ...s,
          neighbours: known([
            {
              address: ip('172.18.0.1'),
              dev: ifIndex(2),
              mac: null,
              state: 'failed',
              proxy: false,
              router: false,
              evidence: { line: 1, text: 'failed' },
            },
          ]),
        }),
      },
    },
    outcome: 'unreachable',
    disposition: 'unresolved-neighbour',
  },
  {
    name: 'a permanent neighbour entry with a MAC that nobody has',
    flow: flow(A1, '10.244.1.3:80'),
    with: {
      edit: {
        [A1]: (s) => ({
          ...s,
          neighbours: known([
            {
              address: ip('10.244.1.3'),
              dev: ifIndex(2),
              mac: mac('02:aa:bb:cc:dd:ee'),
              state: 'permanent',
              proxy: false,
              router: false,
              evidence: { line: 1, text: 'wrong' },
            },
          ]),
        }),
      },
    },
    outcome: 'unreachable',
    disposition: 'unresolved-neighbour',
  },
]);
