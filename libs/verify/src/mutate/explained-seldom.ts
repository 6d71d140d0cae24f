/** Meanings that recorded packets run through and do not decide: what a world would need. */
import type { Explanation } from './explained.ts';

const gap = (file: string, code: string, why: string): Explanation => ({ file, code, is: 'gap', why });

export const OF_THE_SELDOM: readonly Explanation[] = [
  gap(
    'answer/error-packet.ts',
    'if (iif !== null && about.family',
    'no error takes the address of the device that the packet came in by where the route would give another',
  ),
  gap('answer/error-packet.ts', "if (about.family === 'ipv4' && addressType(", 'no segment to everybody is refused'),
  gap('conntrack/tcp.ts', 'return [SYN, SYN | URG,', 'not every combination with URG is sent'),
  gap(
    'link/vxlan-ends.ts',
    'if (detail.underlay === null)',
    'no tunnel without an address of its own is learned from and then sent to',
  ),
  gap('link/vxlan.ts', '...(detail.sums[', "nothing on a tunnel's way looks at the sum of an outer packet"),
  gap(
    'neighbour/nd.ts',
    "const hooks = way === 'out'",
    'no rule before routing takes a question or an advertisement that one for the host lets through',
  ),
  gap(
    'netfilter/matches/transport.ts',
    'const among = side',
    'no rule asks for the one port of a packet whose other port NAT has drawn',
  ),
  gap(
    'netfilter/matches/transport.ts',
    'if (m.type === 255',
    'no ICMP packet meets a rule for ICMP of any type by its number',
  ),
  gap('path/egress.ts', 'if (lengthOf(packet) <= limitBytes)', 'no packet that is cut anew just fits'),
  gap('route/prefix-index.ts', 'list.sort((a, b) => b.table', 'no prefix stands in both tables that are asked as one'),
  gap(
    'route/realms.ts',
    'if (realms === null || by === null)',
    'no rule asks for realms of which a route gives one half and a policy rule the other',
  ),
  gap(
    'route/rules.ts',
    "rule.family === 'ipv4' ? tos ===",
    'no packet differs from the TOS of a rule only in the bits that one of the families leaves out',
  ),
];
