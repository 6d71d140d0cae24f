/**
 * Which netfilter hook a packet was in, from the functions under it. nf_hook_slow (net/netfilter/core.c) does not say; but each hook has
 * its callers: NF_HOOK(…, NF_INET_…) in net/ipv4, net/ipv6 and net/bridge.
 */
const CALLERS: Readonly<Record<string, string>> = {
  ip_rcv: 'prerouting',
  ip_list_rcv: 'prerouting',
  ip_sublist_rcv: 'prerouting',
  ipv6_rcv: 'prerouting',
  ipv6_list_rcv: 'prerouting',
  ip6_sublist_rcv: 'prerouting',
  ip_local_deliver: 'input',
  ip6_input: 'input',
  ip_forward: 'forward',
  ip6_forward: 'forward',
  __ip_local_out: 'output',
  ip_local_out: 'output',
  __ip6_local_out: 'output',
  ip6_local_out: 'output',
  ip6_xmit: 'output',
  ip_output: 'postrouting',
  ip_mc_output: 'postrouting',
  ip6_output: 'postrouting',
  br_handle_frame: 'bridge prerouting',
  br_pass_frame_up: 'bridge input',
  __br_forward: 'bridge forward',
  br_forward_finish: 'bridge postrouting',
  arp_rcv: 'arp input',
  arp_xmit: 'arp output',
  __netif_receive_skb_core: 'ingress',
  __dev_queue_xmit: 'egress',
};

const MACHINERY = /^(nf_hook_slow|nf_hook_slow_list|sk_skb_reason_drop|kfree_skb.*|__kfree_skb.*|bpf_.*)$/;

/** @returns null where the innermost function that is not netfilter's machinery is no hook's caller */
export function hookOf(stack: readonly string[]): string | null {
  const at = stack.findIndex((name) => name.startsWith('nf_hook_slow'));
  if (at < 0) return null;
  const caller = stack.slice(at).find((name) => !MACHINERY.test(name));
  return caller === undefined ? null : (CALLERS[caller] ?? null);
}
