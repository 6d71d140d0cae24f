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

/** The same in Chinese, as it stands at the end of a path. */
export const DISPOSITION_WORDS_ZH: Readonly<Record<keyof typeof DISPOSITIONS, string>> = {
  delivered: '已送达',
  'exits-network': '离开集群网络',
  refused: '被拒绝连接',
  rejected: '被规则拒绝',
  dropped: '被丢弃',
  'no-route': '没有路由',
  'filtered-by-kernel': '被内核过滤',
  'link-down': '链路已断开',
  'unresolved-neighbour': '下一跳没有应答',
  'tunnel-lost': '在隧道中丢失',
  'too-big': '数据包过大',
  loop: '形成环路',
  misdelivered: '送错主机',
  'outside-no-route': '集群外没有返回路由',
  'insufficient-info': '信息不足',
};

export type BranchOutcome = 'reachable' | 'unreachable' | 'undetermined';
export type Disposition = keyof typeof DISPOSITIONS;
export const outcomeOf = (disposition: Disposition): BranchOutcome => DISPOSITIONS[disposition].outcome;
