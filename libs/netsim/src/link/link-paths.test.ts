import { FORWARDING_PORT, known, mac } from '../testing/cluster.ts';
import {
  both,
  devices,
  dnat,
  isolated,
  linkDown,
  MASQUERADE,
  nft,
  program,
  routes,
  SERVICE,
  SVC,
  sysctls,
  to,
} from '../testing/edits.ts';
import { A1, A2, B1, flow, HOST1, HOST2 } from '../testing/flows.ts';
import { type Row, rows } from '../testing/rows.ts';

rows('broken', [
  {
    name: "the destination's eth0 is down",
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A2]: (s) => routes((r) => r.filter((x) => x.table === 255))(linkDown('eth0')(s)) } },
    outcome: 'unreachable',
    disposition: 'link-down',
    findings: ['NV-LINK-DOWN'],
    remedy: 'ip link set eth0 up && ip route replace default via 10.244.2.1 dev eth0',
    proven: true,
  },
  {
    name: "the destination's eth0 is down, and its port has lost the carrier since",
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: {
        [A2]: (s) => routes((r) => r.filter((x) => x.table === 255))(linkDown('eth0')(s)),
        [HOST2]: devices('veth2', { carrier: false, bridgePort: { ...FORWARDING_PORT, state: 'disabled' } }),
      },
    },
    outcome: 'unreachable',
    disposition: 'link-down',
    findings: ['NV-LINK-DOWN'],
    remedy: 'ip link set eth0 up && ip route replace default via 10.244.2.1 dev eth0',
    proven: true,
  },
  {
    name: 'the FDB entry is gone',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: (s) => ({ ...s, fdb: known([]) }) } },
    outcome: 'unreachable',
    disposition: 'tunnel-lost',
    findings: ['NV-FDB-MISSING'],
    remedy: 'bridge fdb replace 0a:00:00:00:00:02 dev flannel.1 dst 172.18.0.12 self permanent',
    proven: true,
  },
  {
    name: 'a packet too big for the tunnel, with DF',
    flow: flow(HOST1, '10.244.2.2:80', { sizeBytes: 1480, dontFragment: true }),
    outcome: 'unreachable',
    disposition: 'too-big',
    findings: ['NV-MTU-EXCEEDED'],
  },
  {
    name: 'a packet too big for the tunnel, without DF, is cut',
    flow: flow(HOST1, '10.244.2.2:80', { sizeBytes: 1480 }),
    outcome: 'reachable',
  },
  {
    name: 'pod to outside without masquerading',
    flow: flow(A1, '203.0.113.10:443'),
    with: { edit: { [HOST1]: nft({ nat: { POSTROUTING: [{ matches: [to('192.0.2.1')], target: MASQUERADE }] } }) } },
    outcome: 'unreachable',
    disposition: 'outside-no-route',
    findings: ['NV-MASQUERADE-MISSING'],
    proven: true,
  },
  {
    name: 'outside to a pod',
    flow: flow('203.0.113.10', '10.244.1.2:80'),
    outcome: 'unreachable',
    findings: ['NV-OUTSIDE-NO-ROUTE'],
  },
  {
    name: 'hairpin mode off',
    flow: flow(A1, SVC),
    with: {
      edit: {
        [HOST1]: (s) =>
          nft(SERVICE)({
            ...s,
            links: s.links.known
              ? known(
                  s.links.value.map((l) =>
                    l.bridgePort ? { ...l, bridgePort: { ...l.bridgePort, hairpin: false } } : l,
                  ),
                )
              : s.links,
          }),
      },
    },
    outcome: 'partially-reachable',
    findings: ['NV-HAIRPIN-OFF'],
    remedy: 'bridge link set dev veth2 hairpin on',
    proven: true,
  },
  {
    name: "a DNAT that catches the tunnel's own packets sends them into the tunnel again and again",
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: nft({ nat: { OUTPUT: [{ target: dnat('10.244.2.2', 80) }] } }) } },
    outcome: 'unreachable',
    disposition: 'loop',
    findings: ['NV-LOOP'],
  },
]);

rows("what was wrong once, or would go unnoticed if the kernel's rule were turned round", [
  {
    name: 'a frame of 4 bytes more than the MTU at the other end of a veth is taken',
    flow: flow(A1, '10.244.1.3:80', { sizeBytes: 1004, dontFragment: true }),
    with: { edit: { [B1]: devices('eth0', { mtuBytes: 1000 }) } },
    outcome: 'reachable',
  },
  {
    name: 'and of 5 bytes more thrown away in silence',
    flow: flow(A1, '10.244.1.3:80', { sizeBytes: 1005, dontFragment: true }),
    with: { edit: { [B1]: devices('eth0', { mtuBytes: 1000 }) } },
    outcome: 'unreachable',
    disposition: 'too-big',
    findings: ['NV-MTU-FAR-END'],
  },
  {
    name: 'small packets pass, and bigger ones of UDP are thrown away at the other end of a veth',
    flow: flow(A1, '10.244.1.3:53', { protocol: 'udp' }),
    with: { edit: { [B1]: devices('eth0', { mtuBytes: 1000 }) } },
    outcome: 'reachable',
    findings: ['NV-MTU-FAR-END'],
  },
  {
    name: 'a program on the root cgroup that sees connect()',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A1]: program('cgroup connect4') } },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'a program on the root cgroup for IPv6 does not matter',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A1]: program('cgroup connect6') } },
    outcome: 'reachable',
  },
  ...([{ vni: 2 }, { dstPort: 4789 }] as const).map(
    (other): Row => ({
      name: `a tunnel end that listens for ${JSON.stringify(other)}`,
      flow: flow(A1, '10.244.2.2:80'),
      with: {
        edit: {
          [HOST2]: (s) => ({
            ...s,
            links: s.links.known
              ? known(
                  s.links.value.map((l) =>
                    l.detail.kind === 'vxlan' ? { ...l, detail: { ...l.detail, ...other } } : l,
                  ),
                )
              : s.links,
          }),
        },
      },
      outcome: 'unreachable',
      disposition: 'tunnel-lost',
    }),
  ),
  {
    name: 'a forwarding entry for all other addresses is the tunnel end of last resort',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: {
        [HOST1]: (s) => ({
          ...s,
          fdb: s.fdb.known ? known(s.fdb.value.map((e) => ({ ...e, mac: mac('00:00:00:00:00:00') }))) : s.fdb,
        }),
      },
    },
    outcome: 'reachable',
  },
  {
    name: "a frame of the host's own that is longer than a bridge port's MTU and 4 bytes is thrown away by the bridge",
    flow: flow(HOST1, '10.244.1.3:80', { sizeBytes: 1005, dontFragment: true }),
    with: { edit: { [HOST1]: devices('veth3', { mtuBytes: 1000 }) } },
    outcome: 'unreachable',
    disposition: 'too-big',
    findings: ['NV-MTU-FAR-END'],
  },
  {
    name: 'and one of 4 bytes more is passed on',
    flow: flow(HOST1, '10.244.1.3:80', { sizeBytes: 1004, dontFragment: true }),
    with: { edit: { [HOST1]: devices('veth3', { mtuBytes: 1000 }) } },
    outcome: 'reachable',
    findings: ['NV-MTU-FAR-END'],
  },
  ...([0, 1] as const).map(
    (call): Row => ({
      name: `a bridged packet that may be cut ${call ? 'is cut by bridge netfilter' : 'is not cut without bridge netfilter'}`,
      flow: flow(A1, '10.244.1.3:53', { protocol: 'udp', sizeBytes: 1400, dontFragment: false, answerBytes: 40 }),
      with: {
        edit: {
          [HOST1]: both(
            devices('veth3', { mtuBytes: 1000 }),
            devices('cni0', { mtuBytes: 1000 }),
            sysctls({ 'net/bridge/bridge-nf-call-iptables': String(call) }),
          ),
        },
      },
      outcome: call ? 'reachable' : 'unreachable',
      ...(call ? { findings: ['NV-MTU-FAR-END'] } : { disposition: 'too-big' }),
    }),
  ),
  {
    name: 'isolated ports of a bridge do not reach each other',
    flow: flow(A1, '10.244.1.3:80'),
    with: { edit: { [HOST1]: isolated } },
    outcome: 'unreachable',
    disposition: 'unresolved-neighbour',
    findings: ['NV-PORT-ISOLATED'],
  },
]);
