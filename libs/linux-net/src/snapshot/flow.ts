/** The flow asked about, resolved: where the first packet is made and where it is sent. */
import type { NamespaceKey } from './snapshot.ts';

export type Protocol = 'tcp' | 'udp' | 'icmp';

export type FlowSource =
  /** Made by a process in a namespace that an agent can read. `address` null: the kernel chooses. */
  | { readonly kind: 'namespace'; readonly namespace: NamespaceKey; readonly address: string | null }
  /** Comes from outside the cluster's nodes. */
  | { readonly kind: 'external'; readonly address: string };

export interface Flow {
  readonly family: 'ipv4' | 'ipv6';
  readonly protocol: Protocol;
  readonly source: FlowSource;
  readonly destination: { readonly address: string; readonly port: number | null };
  readonly sourcePort: number;
  /** The user named no source port: it stands for any that no connection has yet. */
  readonly anySourcePort?: true;
  /** IP packet size in bytes and the DF bit, of the biggest packet asked about. */
  readonly sizeBytes: number;
  readonly dontFragment: boolean;
  /** IP packet size of the answer to a datagram; absent: as long as the datagram. An echo is always as long. */
  readonly answerBytes?: number;
  /** TOS byte or IPv6 traffic class; absent: 0. */
  readonly tos?: number;
  /** SO_MARK of the sending socket; absent: 0. */
  readonly mark?: number;
  /** TTL or hop limit; absent: 64. */
  readonly ttl?: number;
  /** User and group of the sending process, for `owner` and `uidrange`; absent: not known. */
  readonly uid?: number;
  readonly gid?: number;
  /** ICMP echo identifier; absent: some number. */
  readonly icmpId?: number;
  /** TCP flags byte of the first packet; absent: SYN. */
  readonly tcpFlags?: number;
  /** Data over a connection that both ends have open; absent: the flow's first packet. TCP only. */
  readonly established?: true;
  /** SO_BINDTODEVICE of the sending socket. */
  readonly device?: string;
}

/**
 * What is asked about where nothing is said of it. The port stands for the ephemeral one that the kernel would choose: inside
 * net.ipv4.ip_local_port_range's default (32768–60999), outside the NodePort range; one fixed value keeps equal questions equal,
 * and where a connection has it already the next one is taken. The size is that of a SYN: IPv4's and TCP's headers with options. Path MTU discovery is Linux's default for TCP and UDP, and ping's
 * (ip(7), IP_PMTUDISC_WANT).
 */
const NEW_CONNECTION = { sourcePort: 50000, anySourcePort: true, sizeBytes: 60, dontFragment: true } as const;

type NewConnection = Pick<Flow, 'sourcePort' | 'anySourcePort' | 'sizeBytes' | 'dontFragment'>;

/** @param sourcePort undefined: none was asked about */
export function newConnection(sourcePort: number | undefined): NewConnection {
  const { anySourcePort: _, ...asked } = NEW_CONNECTION;
  return sourcePort === undefined ? NEW_CONNECTION : { ...asked, sourcePort };
}

/** What the snapshot lacks for the packet to go on. */
export type Need =
  | { readonly kind: 'node'; readonly node: string; readonly why: string }
  | {
      readonly kind: 'pod';
      readonly node: string;
      readonly namespace: string;
      readonly pod: string;
      readonly why: string;
    }
  | { readonly kind: 'netns'; readonly node: string; readonly inode: number; readonly why: string };
