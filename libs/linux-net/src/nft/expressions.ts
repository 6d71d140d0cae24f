/**
 * nftables as the kernel holds it: expressions that load registers, compare and act (net/netfilter/nft_*.c). The names are
 * those of the kernel's expressions and attributes (include/uapi/linux/netfilter/nf_tables.h), not of nft's language: they
 * do not change with the version of the tool.
 *
 * Data are hex strings of the bytes as a register holds them: of equal length, their order as text is memcmp's. What comes
 * out of a packet is in network order, a number of the kernel's own (`meta mark`, `ct state`, an ifindex) in the host's.
 * A register is named by its first 32-bit word: NFT_REG32_00 is 0 … NFT_REG32_15 is 15; NFT_REG_1…4 are 0, 4, 8, 12.
 */
export type Hex = string;
export type Register = number;

export type NftVerdict =
  | { readonly code: 'accept' | 'drop' | 'continue' | 'break' | 'return' | 'queue' | 'stolen' }
  | { readonly code: 'jump' | 'goto'; readonly chain: string };

export type NftCompare = 'eq' | 'neq' | 'lt' | 'lte' | 'gt' | 'gte';

/** Start of the Ethernet, network and transport header; `inner`: behind the transport header; `tunnel`: of VXLAN and kin. */
export type NftPayloadBase = 'link' | 'network' | 'transport' | 'inner' | 'tunnel';

export type NftExpr =
  | {
      readonly kind: 'payload';
      readonly base: NftPayloadBase;
      readonly offset: number;
      readonly length: number;
      readonly dreg: Register;
    }
  | {
      readonly kind: 'payload-set';
      readonly base: NftPayloadBase;
      readonly offset: number;
      readonly length: number;
      readonly sreg: Register;
      /** Which checksum is mended: `type` inet or sctp, `offset` from the base; `pseudoHeader`: that of layer 4 too. */
      readonly checksum: { readonly type: 'inet' | 'sctp'; readonly offset: number } | null;
      readonly pseudoHeader: boolean;
    }
  /** `key`: NFT_META_* in lower case (`iifname`, `l4proto`, `mark`…). */
  | { readonly kind: 'meta'; readonly key: string; readonly dreg: Register }
  | { readonly kind: 'meta-set'; readonly key: string; readonly sreg: Register }
  /** `key`: NFT_CT_* in lower case (`state`, `mark`, `src`, `src_ip`, `proto_dst`, `zone`…). */
  | {
      readonly kind: 'ct';
      readonly key: string;
      readonly direction: 'original' | 'reply' | null;
      readonly dreg: Register;
    }
  | {
      readonly kind: 'ct-set';
      readonly key: string;
      readonly direction: 'original' | 'reply' | null;
      readonly sreg: Register;
    }
  | { readonly kind: 'cmp'; readonly op: NftCompare; readonly sreg: Register; readonly data: Hex }
  | {
      readonly kind: 'range';
      readonly op: 'eq' | 'neq';
      readonly sreg: Register;
      readonly from: Hex;
      readonly to: Hex;
    }
  /** `mask-xor`: (sreg & mask) ^ xor. Others take `data`, or the register `sreg2` (Linux 6.13). */
  | {
      readonly kind: 'bitwise';
      readonly op: 'mask-xor' | 'lshift' | 'rshift' | 'and' | 'or' | 'xor';
      readonly sreg: Register;
      readonly dreg: Register;
      readonly length: number;
      readonly mask: Hex | null;
      readonly xor: Hex | null;
      readonly data: Hex | null;
      readonly sreg2: Register | null;
    }
  | { readonly kind: 'immediate'; readonly dreg: Register; readonly data: Hex }
  /** dreg NFT_REG_VERDICT: how `accept`, `drop`, `jump` stand in a rule. */
  | { readonly kind: 'verdict'; readonly verdict: NftVerdict }
  /** Without `dreg` a test; with it a map's data, or a verdict map's verdict where `verdict` is set. */
  | {
      readonly kind: 'lookup';
      readonly set: string;
      readonly sreg: Register;
      readonly dreg: Register | null;
      readonly verdict: boolean;
      readonly invert: boolean;
    }
  | {
      readonly kind: 'dynset';
      readonly set: string;
      readonly op: 'add' | 'update' | 'delete';
      readonly sregKey: Register;
      readonly sregData: Register | null;
      readonly timeoutMs: number | null;
      readonly invert: boolean;
      readonly expressions: readonly NftExpr[];
    }
  /** `result`: oif, oifname, addrtype. `flags`: saddr, daddr, mark, iif, oif, present. */
  | { readonly kind: 'fib'; readonly result: string; readonly flags: readonly string[]; readonly dreg: Register }
  /** `key`: classid, nexthop4, nexthop6, tcpmss, xfrm. */
  | { readonly kind: 'rt'; readonly key: string; readonly dreg: Register }
  /** `key`: transparent, mark, wildcard, cgroupv2. */
  | { readonly kind: 'socket'; readonly key: string; readonly level: number | null; readonly dreg: Register }
  | {
      readonly kind: 'numgen';
      readonly type: 'incremental' | 'random';
      readonly modulus: number;
      readonly offset: number;
      readonly dreg: Register;
    }
  | {
      readonly kind: 'hash';
      readonly type: 'jenkins' | 'symmetric';
      readonly sreg: Register | null;
      readonly length: number | null;
      readonly modulus: number;
      readonly seed: number | null;
      readonly offset: number;
      readonly dreg: Register;
    }
  /** `op`: ipv6, tcpopt, ipv4, sctp, dccp. `present`: the answer is 1 or 0. */
  | {
      readonly kind: 'exthdr';
      readonly op: string;
      readonly type: number;
      readonly offset: number;
      readonly length: number;
      readonly present: boolean;
      readonly dreg: Register;
    }
  | {
      readonly kind: 'exthdr-set';
      readonly op: string;
      readonly type: number;
      readonly offset: number;
      readonly length: number;
      readonly sreg: Register;
    }
  /** `tcpopt` only: the option is overwritten with NOPs. */
  | { readonly kind: 'exthdr-strip'; readonly op: string; readonly type: number }
  | {
      readonly kind: 'byteorder';
      readonly op: 'hton' | 'ntoh';
      readonly sreg: Register;
      readonly dreg: Register;
      readonly length: number;
      readonly size: number;
    }
  /** Count, log or note the time: the packet goes on. */
  | { readonly kind: 'counter'; readonly packets: number; readonly bytes: number }
  | {
      readonly kind: 'log';
      readonly prefix: string | null;
      /** LOGLEVEL_* 0 … 7 of syslog, 8 is nft's `audit`; null where a group is logged to. */
      readonly level: number | null;
      readonly group: number | null;
      readonly snaplen: number | null;
      readonly queueThreshold: number | null;
      /** NF_LOG_*: tcpseq, tcpopt, ipopt, uid, macdecode. */
      readonly flags: readonly string[];
    }
  | { readonly kind: 'last'; readonly millisecondsAgo: number | null }
  | {
      readonly kind: 'limit';
      readonly type: 'packets' | 'bytes';
      readonly rate: number;
      readonly unitSeconds: number;
      readonly burst: number;
      readonly invert: boolean;
    }
  | { readonly kind: 'quota'; readonly bytes: number; readonly consumed: number; readonly invert: boolean }
  | { readonly kind: 'connlimit'; readonly count: number; readonly invert: boolean }
  /** `type`: icmp (of the table's family), tcp-reset, icmpx (of the packet's family). */
  | { readonly kind: 'reject'; readonly type: 'icmp' | 'tcp-reset' | 'icmpx'; readonly code: number }
  | {
      readonly kind: 'nat';
      readonly type: 'snat' | 'dnat';
      readonly family: 'ip' | 'ip6';
      readonly addressMin: Register | null;
      readonly addressMax: Register | null;
      readonly portMin: Register | null;
      readonly portMax: Register | null;
      /** NF_NAT_RANGE_*: random, fully-random, persistent, offset, netmap. What the registers say already is left out. */
      readonly flags: readonly string[];
    }
  | {
      readonly kind: 'masq' | 'redir';
      readonly portMin: Register | null;
      readonly portMax: Register | null;
      readonly flags: readonly string[];
    }
  | {
      readonly kind: 'tproxy';
      readonly family: 'ip' | 'ip6' | 'inet';
      readonly address: Register | null;
      readonly port: Register | null;
    }
  | { readonly kind: 'notrack' }
  /** `sreg`: the queue's number is in a register, and `from` and `to` are 0. */
  | {
      readonly kind: 'queue';
      readonly from: number;
      readonly to: number;
      readonly bypass: boolean;
      readonly fanout: boolean;
      readonly sreg: Register | null;
    }
  | { readonly kind: 'dup' | 'fwd'; readonly address: Register | null; readonly device: Register | null }
  | { readonly kind: 'flow-offload'; readonly table: string }
  /** `flags`: mss, wscale, sack-perm, timestamp, ecn. */
  | { readonly kind: 'synproxy'; readonly mss: number; readonly wscale: number; readonly flags: readonly string[] }
  /** A named counter, quota, limit, ct helper, ct timeout, ct expectation, secmark, synproxy; or looked up in a map. */
  | {
      readonly kind: 'objref';
      readonly type: number;
      readonly name: string | null;
      readonly set: string | null;
      readonly sreg: Register | null;
    }
  /** An x_tables extension in a native rule (nft_compat). */
  | { readonly kind: 'xt'; readonly what: 'match' | 'target'; readonly name: string; readonly revision: number }
  | { readonly kind: 'unsupported'; readonly name: string; readonly text: string };
