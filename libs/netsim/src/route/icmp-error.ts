/** Which ICMP error a router sends about a packet that it does not forward (ip_error, ip_forward; ip6_pkt_drop, ip6_forward). */
import type { Family } from '@netverdict/linux-net';
import type { Cause } from '../walk/stop.ts';

export interface IcmpError {
  readonly type: number;
  readonly code: number;
}

/** null: it says nothing. Only for what came in: the host's own sender gets an errno (`cause.errno`). */
export function icmpOfRouting(cause: Cause, family: Family): IcmpError | null {
  const v4 = family === 'ipv4';
  switch (cause.kind) {
    case 'no-route':
      return cause.iif === null ? null : v4 ? { type: 3, code: 0 } : { type: 1, code: 0 };
    case 'route-error':
      if (cause.errno !== undefined || cause.type === 'blackhole') return null;
      if (cause.type === 'prohibit') return v4 ? { type: 3, code: 13 } : { type: 1, code: 1 };
      // A route says that the host cannot be reached, a rule that the network cannot; IPv6 knows "no route" only.
      return v4 ? { type: 3, code: cause.route === null ? 0 : 1 } : { type: 1, code: 0 };
    case 'ttl-expired':
      return v4 ? { type: 11, code: 0 } : { type: 3, code: 0 };
    case 'martian':
      return cause.why === 'link-local-source' ? { type: 1, code: 2 } : null;
    default:
      return null;
  }
}
