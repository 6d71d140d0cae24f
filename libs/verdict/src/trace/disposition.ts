/**
 * The closed set of fates that a branch of the trace can end in. A new one needs an entry here, in
 * docs/findings and in the outcome table below: the record does not compile otherwise.
 */
export const DISPOSITIONS = {
  delivered: {
    outcome: 'reachable',
    means: 'a socket (or the ICMP echo responder) takes the packet and its reply comes back',
  },
  'exits-network': {
    outcome: 'reachable',
    means:
      'the packet leaves the cluster towards an outside address with a source that can be answered; what lies beyond is not seen',
  },
  refused: {
    outcome: 'unreachable',
    means: 'no socket listens: the kernel answers with a reset or an ICMP port unreachable',
  },
  rejected: {
    outcome: 'unreachable',
    means: 'a REJECT rule, or an unreachable or prohibit route, answers with an error',
  },
  dropped: { outcome: 'unreachable', means: 'a rule or a policy throws the packet away in silence' },
  'no-route': { outcome: 'unreachable', means: 'the routing tables hold no route for the packet' },
  'filtered-by-kernel': {
    outcome: 'unreachable',
    means: 'rp_filter, a martian check, forwarding switched off or a full table: a sysctl decides',
  },
  'link-down': {
    outcome: 'unreachable',
    means: 'the device that the packet would take or arrive on is down or has no carrier',
  },
  'unresolved-neighbour': { outcome: 'unreachable', means: 'nobody answers for the next hop on the link' },
  'tunnel-lost': {
    outcome: 'unreachable',
    means: 'the tunnel has no entry for the destination, or the other end does not take the packet',
  },
  'too-big': { outcome: 'unreachable', means: 'the packet is larger than a link takes and may not be fragmented' },
  loop: { outcome: 'unreachable', means: 'the packet comes back to where it was, or its TTL runs out' },
  misdelivered: { outcome: 'unreachable', means: 'the packet ends at a host that does not own the address' },
  'outside-no-route': {
    outcome: 'unreachable',
    means: 'the network outside the cluster has no route to a pod address',
  },
  'insufficient-info': {
    outcome: 'undetermined',
    means: 'something that was not collected, not permitted or not modelled decides',
  },
} as const satisfies Record<string, { readonly outcome: BranchOutcome; readonly means: string }>;

export type BranchOutcome = 'reachable' | 'unreachable' | 'undetermined';
export type Disposition = keyof typeof DISPOSITIONS;
export const outcomeOf = (disposition: Disposition): BranchOutcome => DISPOSITIONS[disposition].outcome;
