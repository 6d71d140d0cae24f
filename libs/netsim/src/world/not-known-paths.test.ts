/** What is not known, and whether it matters. */
import { known, missing } from '../testing/cluster.ts';
import { nft } from '../testing/edits.ts';
import { A1, A2, flow, HOST1, HOST2 } from '../testing/flows.ts';
import { nativeChain } from '../testing/native-chain.ts';
import { rows } from '../testing/rows.ts';

rows('not known', [
  {
    name: 'an unsupported match on a DROP rule decides',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: {
        [HOST2]: nft({
          filter: {
            FORWARD: [{ matches: [{ kind: 'unsupported', module: 'bpf', text: '-m bpf' }], target: { kind: 'drop' } }],
          },
        }),
      },
    },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'an unsupported target decides',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: { [HOST2]: nft({ filter: { FORWARD: [{ target: { kind: 'unsupported', name: 'NFQUEUE', text: '' } }] } }) },
    },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'rules that were not read decide',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST2]: (s) => ({ ...s, iptablesNft: missing('iptables-nft-save') }) } },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'unread rules may translate what would be refused without them',
    flow: flow(A1, '10.244.2.2:81'),
    with: { edit: { [HOST1]: (s) => ({ ...s, iptablesNft: missing('iptables-nft-save') }) } },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'unread rules do not matter where the packet has no route to begin with',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A1]: (s) => ({ ...s, iptablesNft: missing('iptables-nft-save'), routes4: known([]) }) } },
    outcome: 'unreachable',
    findings: ['NV-NO-ROUTE'],
  },
  {
    name: 'neighbours that were not read: none is made out of it',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: (s) => ({ ...s, neighbours: missing('ip-neigh') }) } },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'addresses of the node behind the tunnel that were not read',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST2]: (s) => ({ ...s, addresses: missing('ip-address') }) } },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'sysctls that were not read do not switch forwarding off',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST2]: (s) => ({ ...s, sysctls: missing('sysctl') }) } },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'routes that were not read',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: (s) => ({ ...s, routes4: missing('ip-route') }) } },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'native nftables with rules at a hook',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST2]: nativeChain({}) } },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'native nftables at a hook that the packet does not pass',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A2]: nativeChain({ policy: 'drop' }) } },
    outcome: 'reachable',
  },
  {
    name: 'a program at a device',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: (s) => ({ ...s, programs: known([{ dev: 'eth0', hook: 'tc egress', name: 'cls' }]) }) } },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'a node that could not be read',
    flow: flow(A1, '10.244.2.2:80'),
    with: { unavailable: { 'node-2': 'agent silent for 4 m' } },
    outcome: 'undetermined',
    findings: ['NV-NODE-UNREADABLE'],
  },
]);
