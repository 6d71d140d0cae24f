/** Faults inside a pod's network namespace, and of its process. */
import { CLUSTER_POD_CIDR, netnsPath, podMtu, UNDERLAY_MTU } from '../spec.ts';
import { type FaultContext, type FaultGroup, RECEIVING_POD, SENDING_POD } from './fault.ts';
import type { Operation } from './operation.ts';

/** What the bridge plugin and host-local gave the pod. */
const podRoutes = ({ pod, podNode }: FaultContext): readonly string[] => [
  `route replace ${podNode.podCidr} dev eth0 proto kernel scope link src ${pod.address}`,
  `route replace default via ${podNode.podGateway} dev eth0`,
  `route replace ${CLUSTER_POD_CIDR} via ${podNode.podGateway} dev eth0`,
];

/** The jumbo MTU is one that the way beyond the pod's veth does not have. */
const tooLargeMtu = ({ spec }: FaultContext): number => (spec.cni === 'flannel-vxlan' ? UNDERLAY_MTU : 9000);

export const POD_FAULTS = {
  /**
   * The interface goes down: the kernel deletes every route over it, the host's end of the veth loses its carrier, and the
   * bridge port leaves the forwarding state. Silence while the node trusts its neighbour entry for the pod; once that has
   * aged, no ARP answer, and host unreachable from the node after 3 s.
   */
  'pod-link-down': {
    description: "The pod's eth0 is down.",
    args: RECEIVING_POD,
    describe: ({ pod }) => `eth0 of pod ${pod.namespace}/${pod.name} is down`,
    plan: (context) => ({
      apply: [{ kind: 'ip', netns: context.pod.netnsPath, lines: ['link set eth0 down'] }],
      undo: [{ kind: 'ip', netns: context.pod.netnsPath, lines: ['link set eth0 up', ...podRoutes(context)] }],
    }),
  },
  /**
   * Packets from outside do not pass lo: they still arrive. But what the pod sends to itself, by 127.0.0.1 (whose route goes
   * with the device) or by its own address (whose local route points to lo), is dropped.
   */
  'pod-loopback-down': {
    description: "The pod's lo is down: only what it sends to itself fails.",
    args: RECEIVING_POD,
    describe: ({ pod }) => `lo of pod ${pod.namespace}/${pod.name} is down`,
    plan: ({ pod }) => ({
      apply: [{ kind: 'ip', netns: pod.netnsPath, lines: ['link set lo down'] }],
      undo: [{ kind: 'ip', netns: pod.netnsPath, lines: ['link set lo up'] }],
    }),
  },
  /** No socket: TCP answers with a reset, UDP with ICMP port unreachable. */
  'pod-no-listener': {
    description: 'The pod runs, but its process listens on no port.',
    args: RECEIVING_POD,
    describe: ({ pod }) => `nothing listens in pod ${pod.namespace}/${pod.name}`,
    plan: ({ pod }) => ({
      apply: [{ kind: 'listener', pid: pod.containerPid, listen: 'nowhere' }],
      undo: [{ kind: 'listener', pid: pod.containerPid, listen: 'everywhere' }],
    }),
  },
  /** The socket lookup compares the destination address: a socket bound to 127.0.0.1 is none for the pod's address. */
  'pod-listener-loopback': {
    description: "The pod's process listens on 127.0.0.1 only.",
    args: RECEIVING_POD,
    describe: ({ pod }) => `pod ${pod.namespace}/${pod.name} listens on 127.0.0.1 only`,
    plan: ({ pod }) => ({
      apply: [{ kind: 'listener', pid: pod.containerPid, listen: 'loopback' }],
      undo: [{ kind: 'listener', pid: pod.containerPid, listen: 'everywhere' }],
    }),
  },
  /** The request arrives (local delivery needs only table local), but the answer has no route. */
  'pod-routes-flushed': {
    description: "The pod's main routing table is empty.",
    args: RECEIVING_POD,
    describe: ({ pod }) => `pod ${pod.namespace}/${pod.name} has no routes`,
    plan: (context) => ({
      apply: [{ kind: 'ip', netns: context.pod.netnsPath, lines: ['route flush table main'] }],
      undo: [{ kind: 'ip', netns: context.pod.netnsPath, lines: podRoutes(context) }],
    }),
  },
  /** Answers go to lo, come in again, are not for a local address, and the pod does not forward. */
  'pod-default-route-via-lo': {
    description: "The pod's default route goes to lo.",
    args: RECEIVING_POD,
    describe: ({ pod }) => `default route of pod ${pod.namespace}/${pod.name} goes to lo`,
    plan: (context) => ({
      apply: [
        {
          kind: 'ip',
          netns: context.pod.netnsPath,
          lines: [
            // The route to the cluster's pods is more specific: the default route alone would only hit the world outside.
            `route del ${CLUSTER_POD_CIDR}`,
            'route replace default dev lo scope link',
          ],
        },
      ],
      undo: [{ kind: 'ip', netns: context.pod.netnsPath, lines: ['route del default dev lo', ...podRoutes(context)] }],
    }),
  },
  /** filter INPUT runs after routing said "local": dropped in silence. */
  'pod-input-drop': {
    description: 'A rule in the pod drops all that comes in.',
    args: RECEIVING_POD,
    describe: ({ pod }) => `INPUT of pod ${pod.namespace}/${pod.name} drops everything`,
    plan: ({ pod }) => ({
      apply: [{ kind: 'iptables', netns: pod.netnsPath, table: 'filter', lines: ['-I INPUT 1 -j DROP'] }],
      undo: [{ kind: 'iptables', netns: pod.netnsPath, table: 'filter', lines: ['-D INPUT -j DROP'] }],
    }),
  },
  /**
   * The pod sends packets that its veth carries but the way beyond does not: with DF set the node drops them and answers with
   * ICMP fragmentation needed; where that is lost, connections hang on the first big segment. Without DF the node fragments.
   */
  'pod-mtu-too-large': {
    description: "The pod's MTU is larger than the path's: big packets with DF do not pass.",
    args: SENDING_POD,
    describe: (context) =>
      `MTU of pod ${context.pod.namespace}/${context.pod.name} is ${tooLargeMtu(context)}, the path's ${podMtu(context.spec.cni)}`,
    plan: (context) => {
      const { pod, podNode, spec } = context;
      const both = (mtu: number): readonly Operation[] => [
        { kind: 'ip', netns: pod.netnsPath, lines: [`link set eth0 mtu ${mtu}`] },
        // A veth takes only what its other end's MTU lets in.
        { kind: 'veth-peer-mtu', netns: pod.netnsPath, hostNetns: netnsPath(podNode.netns), mtu },
      ];
      return {
        apply: both(tooLargeMtu(context)),
        // The path MTU that the kernel learned from ICMP would outlive the fault.
        undo: [...both(podMtu(spec.cni)), { kind: 'ip', netns: pod.netnsPath, lines: ['route flush cache'] }],
      };
    },
  },
} as const satisfies FaultGroup;
