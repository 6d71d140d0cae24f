/** Faults of what flanneld programs: its device, routes, neighbours and forwarding entries. */
import { LabError } from '../errors.ts';
import { fdbLine, neighbourLine, routeLine, vtepLines, vxlanRouteLine } from '../network/flannel.ts';
import { type NodePlan, netnsPath, UNDERLAY_GATEWAY } from '../spec.ts';
import { type FaultContext, type FaultGroup, type FaultPlan, RECEIVER, SENDER_TO_RECEIVER } from './fault.ts';
import type { Operation } from './operation.ts';

const path = (node: NodePlan): string => netnsPath(node.netns);
const peersOf = ({ nodes, node }: FaultContext): readonly NodePlan[] => nodes.filter(({ name }) => name !== node.name);

/** All that flanneld tells its VXLAN device about the peers. */
const peerEntries = (context: FaultContext): readonly Operation[] => [
  { kind: 'ip', netns: path(context.node), lines: peersOf(context).map(neighbourLine) },
  { kind: 'bridge', netns: path(context.node), lines: peersOf(context).map(fdbLine) },
  { kind: 'ip', netns: path(context.node), lines: peersOf(context).map(vxlanRouteLine) },
];

const replacedRoute = (context: FaultContext, line: string): FaultPlan => ({
  apply: [{ kind: 'ip', netns: path(context.node), lines: [line] }],
  undo: [
    {
      kind: 'ip',
      netns: path(context.node),
      // A route of another scope or table entry is not replaced but joined: take it out first.
      lines: [`route del ${context.peer.podCidr}`, routeLine(context.spec, context.peer)],
    },
  ],
});

export const FLANNEL_FAULTS = {
  /** The device's routes and neighbours go with it: packets to other nodes' pods take the default route. */
  'flannel-down': {
    description: "A node's flannel.1 is down.",
    args: RECEIVER,
    cni: ['flannel-vxlan'],
    describe: ({ node }) => `flannel.1 of ${node.name} is down`,
    plan: (context) => ({
      apply: [{ kind: 'ip', netns: path(context.node), lines: ['link set flannel.1 down'] }],
      undo: [{ kind: 'ip', netns: path(context.node), lines: ['link set flannel.1 up'] }, ...peerEntries(context)],
    }),
  },
  /** The node no longer knows that its pods are behind cni0, and sends their packets to its default gateway. */
  'own-podcidr-route-deleted': {
    description: "A node's route to its own pods is missing.",
    args: RECEIVER,
    describe: ({ node }) => `${node.name} has no route to its own pods (${node.podCidr})`,
    plan: ({ node }) => ({
      apply: [{ kind: 'ip', netns: path(node), lines: [`route del ${node.podCidr} dev cni0`] }],
      undo: [
        {
          kind: 'ip',
          netns: path(node),
          lines: [`route replace ${node.podCidr} dev cni0 proto kernel scope link src ${node.podGateway}`],
        },
      ],
    }),
  },
  /** Packets to that node's pods take the default route; the gateway knows no pods. */
  'peer-podcidr-route-deleted': {
    description: "A node's route to another node's pods is missing.",
    args: SENDER_TO_RECEIVER,
    describe: ({ node, peer }) => `${node.name} has no route to the pods of ${peer.name} (${peer.podCidr})`,
    plan: (context) => ({
      apply: [{ kind: 'ip', netns: path(context.node), lines: [`route del ${context.peer.podCidr}`] }],
      undo: [{ kind: 'ip', netns: path(context.node), lines: [routeLine(context.spec, context.peer)] }],
    }),
  },
  /**
   * vxlan: the gateway is the peer's cni0 address, for which flannel.1 has no neighbour; ARP over a device without a flood
   * entry gets no answer. host-gw: the underlay's gateway, which has no route to pods.
   */
  'peer-podcidr-wrong-gateway': {
    description: "A node's route to another node's pods has the wrong gateway.",
    args: SENDER_TO_RECEIVER,
    describe: ({ node, peer }) => `route of ${node.name} to ${peer.podCidr} has the wrong gateway`,
    plan: (context) => {
      const { peer, spec } = context;
      const vxlan = spec.cni === 'flannel-vxlan';
      const via = vxlan ? `via ${peer.podGateway} dev flannel.1 onlink` : `via ${UNDERLAY_GATEWAY} dev eth0`;
      return replacedRoute(context, `route replace ${peer.podCidr} ${via}`);
    },
  },
  /** The pods are taken to be on the wire itself: ARP for them there gets no answer. */
  'peer-podcidr-wrong-device': {
    description: "A node's route to another node's pods goes to the wrong device.",
    args: SENDER_TO_RECEIVER,
    describe: ({ node, peer }) => `route of ${node.name} to ${peer.podCidr} goes to the wrong device`,
    plan: (context) => {
      const { node, peer, spec } = context;
      const device = spec.cni === 'flannel-vxlan' ? 'eth0' : 'cni0';
      const plan = replacedRoute(context, `route add ${peer.podCidr} dev ${device} scope link`);
      // `replace` would leave the old one beside it: their gateways differ, and so do their scopes.
      return {
        ...plan,
        apply: [{ kind: 'ip', netns: path(node), lines: [`route del ${peer.podCidr}`] }, ...plan.apply],
      };
    },
  },
  /** The inner frame has its MAC, but the VXLAN device does not know behind which node that is, and has no default: dropped. */
  'fdb-missing': {
    description: "A node lacks the VXLAN forwarding entry of another node's flannel.1.",
    args: SENDER_TO_RECEIVER,
    cni: ['flannel-vxlan'],
    describe: ({ node, peer }) => `${node.name} has no FDB entry for ${peer.vtepMac} (${peer.name})`,
    plan: ({ node, peer }) => ({
      apply: [
        {
          kind: 'bridge',
          netns: path(node),
          lines: [`fdb del ${peer.vtepMac} dev flannel.1 dst ${peer.address} self`],
        },
      ],
      undo: [{ kind: 'bridge', netns: path(node), lines: [fdbLine(peer)] }],
    }),
  },
  /** Another node gets the packet, with an inner MAC that is not its own: not for this host, dropped. */
  'fdb-wrong-node': {
    description: "A node's VXLAN forwarding entry of another node points to a third.",
    args: SENDER_TO_RECEIVER,
    cni: ['flannel-vxlan'],
    describe: (context) =>
      `FDB entry of ${context.node.name} for ${context.peer.vtepMac} (${context.peer.name}) points to ${thirdAddress(context)}`,
    plan: (context) => ({
      apply: [
        {
          kind: 'bridge',
          netns: path(context.node),
          lines: [`fdb replace ${context.peer.vtepMac} dev flannel.1 dst ${thirdAddress(context)} self permanent`],
        },
      ],
      undo: [{ kind: 'bridge', netns: path(context.node), lines: [fdbLine(context.peer)] }],
    }),
  },
  /** The kernel asks by ARP over flannel.1, which floods to nobody: no answer, host unreachable after 3 s. */
  'neighbour-missing': {
    description: "A node lacks the neighbour entry of another node's flannel.1.",
    args: SENDER_TO_RECEIVER,
    cni: ['flannel-vxlan'],
    describe: ({ node, peer }) => `${node.name} has no neighbour entry for ${peer.vtepAddress} on flannel.1`,
    plan: ({ node, peer }) => ({
      apply: [{ kind: 'ip', netns: path(node), lines: [`neigh del ${peer.vtepAddress} dev flannel.1`] }],
      undo: [{ kind: 'ip', netns: path(node), lines: [neighbourLine(peer)] }],
    }),
  },
  /** A VNI cannot be changed: the device is made anew. Packets that carry another VNI find no device and are dropped. */
  'vxlan-wrong-vni': {
    description: "A node's flannel.1 has another VNI than the others.",
    args: RECEIVER,
    cni: ['flannel-vxlan'],
    describe: ({ node }) => `flannel.1 of ${node.name} has VNI 2`,
    plan: (context) => {
      const remade = (vni: number): readonly Operation[] => [
        { kind: 'ip', netns: path(context.node), lines: ['link del flannel.1', ...vtepLines(context.node, vni)] },
        ...peerEntries(context),
      ];
      return { apply: remade(2), undo: remade(1) };
    },
  },
} as const satisfies FaultGroup;

function thirdAddress({ nodes, node, peer }: FaultContext): string {
  const third = nodes.find(({ name }) => name !== node.name && name !== peer.name);
  if (third === undefined) throw new LabError('fdb-wrong-node needs a lab of three nodes');
  return third.address;
}
