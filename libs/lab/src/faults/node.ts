/** Faults of a node's firewall, forwarding and bridge. */
import { FLANNEL_FORWARD_JUMP, FLANNEL_MASQUERADE_POSITION, FLANNEL_MASQUERADE_RULE } from '../network/flannel.ts';
import { fabricNetns, type NodePlan, netnsPath, UNDERLAY_GATEWAY, VXLAN_PORT } from '../spec.ts';
import { type FaultGroup, type FaultPlan, RECEIVER, SENDER } from './fault.ts';

const path = (node: NodePlan): string => netnsPath(node.netns);

/** A rule put first in a chain of table filter, and taken out again by its own text. */
function firstRule(netns: string, chain: string, rule: string): FaultPlan {
  return {
    apply: [{ kind: 'iptables', netns, table: 'filter', lines: [`-I ${chain} 1 ${rule}`] }],
    undo: [{ kind: 'iptables', netns, table: 'filter', lines: [`-D ${chain} ${rule}`] }],
  };
}

const toWeb = (node: NodePlan): string => `-d ${node.podCidr} -p tcp -m tcp --dport 8080`;

export const NODE_FAULTS = {
  /** filter FORWARD, after routing: dropped in silence. */
  'node-forward-drop': {
    description: "A rule in a node's FORWARD chain drops what is sent to its web pods (TCP 8080).",
    args: RECEIVER,
    describe: ({ node }) => `FORWARD of ${node.name} drops TCP 8080 to ${node.podCidr}`,
    plan: ({ node }) => firstRule(path(node), 'FORWARD', `${toWeb(node)} -j DROP`),
  },
  /**
   * The policy is what remains when no rule decided. flanneld's FLANNEL-FWD accepts all pod traffic, so the fault is what
   * one meets where that is missing: docker set the policy to DROP, and nobody accepts. KUBE-FORWARD only accepts what is
   * marked for masquerading or belongs to a connection that is established.
   */
  'node-forward-policy-drop': {
    description: "A node's FORWARD policy is DROP, and flanneld's accepting rules are missing.",
    args: RECEIVER,
    describe: ({ node }) => `FORWARD policy of ${node.name} is DROP, without FLANNEL-FWD`,
    plan: ({ node }) => ({
      apply: [
        {
          kind: 'iptables',
          netns: path(node),
          table: 'filter',
          lines: [':FORWARD DROP [0:0]', FLANNEL_FORWARD_JUMP.replace('-A', '-D')],
        },
      ],
      undo: [
        {
          kind: 'iptables',
          netns: path(node),
          table: 'filter',
          lines: [':FORWARD ACCEPT [0:0]', FLANNEL_FORWARD_JUMP],
        },
      ],
    }),
  },
  /** As a drop, but the sender is told: ICMP port unreachable from the node, ECONNREFUSED in connect(). */
  'node-forward-reject': {
    description: "A rule in a node's FORWARD chain rejects what is sent to its web pods (TCP 8080).",
    args: RECEIVER,
    describe: ({ node }) => `FORWARD of ${node.name} rejects TCP 8080 to ${node.podCidr}`,
    plan: ({ node }) =>
      firstRule(path(node), 'FORWARD', `${toWeb(node)} -j REJECT --reject-with icmp-port-unreachable`),
  },
  /** Only answers are hit: the request arrives, the pod answers, the sender waits. */
  'reply-drop': {
    description: "A rule in a node's FORWARD chain drops what its web pods answer (TCP from 8080).",
    args: RECEIVER,
    describe: ({ node }) => `FORWARD of ${node.name} drops TCP from 8080 of ${node.podCidr}`,
    plan: ({ node }) => firstRule(path(node), 'FORWARD', `-s ${node.podCidr} -p tcp -m tcp --sport 8080 -j DROP`),
  },
  /** One address only: of a Service with three endpoints a third of the connections fail. */
  'endpoint-broken': {
    description: "A rule on its node drops what is sent to one of a Service's endpoints.",
    args: { pod: 'default/web-2' },
    describe: ({ pod, podNode }) => `FORWARD of ${podNode.name} drops what is sent to ${pod.name} (${pod.address})`,
    plan: ({ pod, podNode }) => firstRule(path(podNode), 'FORWARD', `-d ${pod.address}/32 -p tcp -j DROP`),
  },
  /** The bridge takes no frames, its connected route goes: the node sends the packets to its default gateway. */
  'cni0-down': {
    description: "A node's cni0 bridge is down.",
    args: RECEIVER,
    describe: ({ node }) => `cni0 of ${node.name} is down`,
    plan: ({ node }) => ({
      apply: [{ kind: 'ip', netns: path(node), lines: ['link set cni0 down'] }],
      undo: [{ kind: 'ip', netns: path(node), lines: ['link set cni0 up'] }],
    }),
  },
  /** ip_forward off: a packet that is not for the node itself is dropped in routing, before filter FORWARD. */
  'ip-forward-off': {
    description: 'A node does not forward: net.ipv4.ip_forward is 0.',
    args: RECEIVER,
    describe: ({ node }) => `net.ipv4.ip_forward of ${node.name} is 0`,
    plan: ({ node }) => ({
      apply: [{ kind: 'sysctl', netns: path(node), values: { 'net.ipv4.ip_forward': '0' } }],
      undo: [{ kind: 'sysctl', netns: path(node), values: { 'net.ipv4.ip_forward': '1' } }],
    }),
  },
  /**
   * Strict reverse path filtering: the route back to the source must use the device that the packet came in by. The route
   * alone does no harm, answers get home by it. In vxlan it is a direct route over eth0 where packets come in by
   * flannel.1; in host-gw a second interface on the same underlay.
   */
  'rp-filter-asymmetric': {
    description: 'A node checks the reverse path strictly (rp_filter=1), and its route back uses another device.',
    args: { node: 'node-2', peer: 'node-1' },
    describe: ({ node, peer, spec }) =>
      `rp_filter of ${node.name} is 1, its route to ${peer.podCidr} goes over ${spec.cni === 'flannel-vxlan' ? 'eth0' : 'eth1'}`,
    plan({ node, peer, spec }) {
      const sysctl = (value: string) =>
        ({ kind: 'sysctl', netns: path(node), values: { 'net.ipv4.conf.all.rp_filter': value } }) as const;
      if (spec.cni === 'flannel-vxlan') {
        const lines = [`route replace ${peer.podCidr} via ${peer.address} dev eth0`];
        const undo = [`route replace ${peer.podCidr} via ${peer.vtepAddress} dev flannel.1 onlink`];
        return {
          apply: [{ kind: 'ip', netns: path(node), lines }, sysctl('1')],
          undo: [sysctl('0'), { kind: 'ip', netns: path(node), lines: undo }],
        };
      }
      const port = `n${node.index}b`;
      const fabric = netnsPath(fabricNetns(spec.name));
      return {
        apply: [
          {
            kind: 'ip',
            netns: fabric,
            lines: [`link add ${port} type veth peer name eth1 netns ${node.netns}`, `link set ${port} master br0 up`],
          },
          {
            kind: 'ip',
            netns: path(node),
            lines: [
              `address add 172.18.0.${100 + node.index}/32 dev eth1`,
              'link set eth1 up',
              `route replace ${peer.podCidr} via ${peer.address} dev eth1 onlink`,
            ],
          },
          sysctl('1'),
        ],
        undo: [
          sysctl('0'),
          { kind: 'ip', netns: path(node), lines: [`route replace ${peer.podCidr} via ${peer.address} dev eth0`] },
          { kind: 'ip', netns: fabric, lines: [`link del ${port}`] },
        ],
      };
    },
  },
  /** The pod's own address goes out; whoever is asked outside, or the gateway, has no route back to it. */
  'masquerade-missing': {
    description: "flanneld's masquerade rule is missing: pods do not reach the world outside.",
    args: SENDER,
    describe: ({ node }) =>
      `FLANNEL-POSTRTG of ${node.name} lacks its masquerade rule (${UNDERLAY_GATEWAY} has no way back)`,
    plan: ({ node }) => {
      const nat = { kind: 'iptables', netns: path(node), table: 'nat' } as const;
      const position = FLANNEL_MASQUERADE_POSITION;
      return {
        apply: [{ ...nat, lines: [`-D FLANNEL-POSTRTG ${FLANNEL_MASQUERADE_RULE}`] }],
        undo: [{ ...nat, lines: [`-I FLANNEL-POSTRTG ${position} ${FLANNEL_MASQUERADE_RULE}`] }],
      };
    },
  },
  /** The outer UDP packet is for the node itself: it meets INPUT before the VXLAN device sees it. */
  'vxlan-port-drop-input': {
    description: 'The receiving node drops VXLAN (UDP 8472) in INPUT.',
    args: RECEIVER,
    cni: ['flannel-vxlan'],
    describe: ({ node }) => `INPUT of ${node.name} drops UDP ${VXLAN_PORT}`,
    plan: ({ node }) => firstRule(path(node), 'INPUT', `-p udp -m udp --dport ${VXLAN_PORT} -j DROP`),
  },
  /** The outer packet is made by the node itself: it meets OUTPUT. */
  'vxlan-port-drop-output': {
    description: 'The sending node drops VXLAN (UDP 8472) in OUTPUT.',
    args: SENDER,
    cni: ['flannel-vxlan'],
    describe: ({ node }) => `OUTPUT of ${node.name} drops UDP ${VXLAN_PORT}`,
    plan: ({ node }) => firstRule(path(node), 'OUTPUT', `-p udp -m udp --dport ${VXLAN_PORT} -j DROP`),
  },
} as const satisfies FaultGroup;
