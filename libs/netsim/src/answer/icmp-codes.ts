/** The names that REJECT gives its answers, and what goes over the wire (ipt_REJECT.c, ip6t_REJECT.c). */
import type { RejectWith } from '@netverdict/linux-net';

export interface IcmpKind {
  readonly type: number;
  readonly code: number;
}

/** null: a RST. */
export const REJECTIONS: Readonly<Record<RejectWith, IcmpKind | null>> = {
  'icmp-net-unreachable': { type: 3, code: 0 },
  'icmp-host-unreachable': { type: 3, code: 1 },
  'icmp-proto-unreachable': { type: 3, code: 2 },
  'icmp-port-unreachable': { type: 3, code: 3 },
  'icmp-net-prohibited': { type: 3, code: 9 },
  'icmp-host-prohibited': { type: 3, code: 10 },
  'icmp-admin-prohibited': { type: 3, code: 13 },
  'tcp-reset': null,
  'icmp6-no-route': { type: 1, code: 0 },
  'icmp6-adm-prohibited': { type: 1, code: 1 },
  'icmp6-addr-unreachable': { type: 1, code: 3 },
  'icmp6-port-unreachable': { type: 1, code: 4 },
  'icmp6-policy-fail': { type: 1, code: 5 },
  'icmp6-reject-route': { type: 1, code: 6 },
};
export const isRejection = (name: string): name is RejectWith => Object.hasOwn(REJECTIONS, name);

export const HOST_UNREACHABLE = { ipv4: { type: 3, code: 1 }, ipv6: { type: 1, code: 3 } } as const;
export const PORT_UNREACHABLE = { ipv4: { type: 3, code: 3 }, ipv6: { type: 1, code: 4 } } as const;
export const TOO_BIG = { ipv4: { type: 3, code: 4 }, ipv6: { type: 2, code: 0 } } as const;
export const IPV6_MIN_MTU = 1280;
