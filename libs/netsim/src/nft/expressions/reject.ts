/** net/netfilter/nft_reject*.c: the codes, under the names that iptables gives the same answers. */
import { assertNever, type NftExpr } from '@netverdict/linux-net';
import type { Evaluation } from '../evaluation.ts';
import type { Outcome } from '../outcome.ts';

type Reject = Extract<NftExpr, { kind: 'reject' }>;

const ICMP: Readonly<Record<number, string>> = {
  0: 'icmp-net-unreachable',
  1: 'icmp-host-unreachable',
  2: 'icmp-proto-unreachable',
  3: 'icmp-port-unreachable',
  9: 'icmp-net-prohibited',
  10: 'icmp-host-prohibited',
  13: 'icmp-admin-prohibited',
};
const ICMPV6: Readonly<Record<number, string>> = {
  0: 'icmp6-no-route',
  1: 'icmp6-adm-prohibited',
  3: 'icmp6-addr-unreachable',
  4: 'icmp6-port-unreachable',
  5: 'icmp6-policy-fail',
  6: 'icmp6-reject-route',
};
/** nft_reject_icmp_code, nft_reject_icmpv6_code: NFT_REJECT_ICMPX_* to either family's. */
const ICMPX: Readonly<Record<Evaluation['packet']['family'], readonly number[]>> = {
  ipv4: [0, 3, 1, 13],
  ipv6: [0, 4, 3, 1],
};

export function reject(x: Reject, e: Evaluation): Outcome {
  const { family } = e.packet;
  switch (x.type) {
    case 'tcp-reset':
      // What is not TCP is dropped without an answer.
      return e.packet.protocol === 6
        ? { does: 'reject', with: 'tcp-reset', code: 0 }
        : { does: 'verdict', verdict: { code: 'drop' } };
    case 'icmp':
      return named(family, x.code);
    case 'icmpx':
      return named(family, ICMPX[family][x.code] ?? 0);
    default:
      return assertNever(x.type);
  }
}

const named = (family: 'ipv4' | 'ipv6', code: number): Outcome => ({
  does: 'reject',
  with: (family === 'ipv4' ? ICMP : ICMPV6)[code] ?? `${family === 'ipv4' ? 'icmp' : 'icmp6'}-code-${code}`,
  code,
});
