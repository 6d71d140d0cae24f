/** What rules seldom ask: fields beyond addresses and ports, the connection's accounts, the host, and what no simulation can tell. */
import type { Negatable, Range } from './matches.ts';

/** One location of u32: the number, and what is done with what was read before (`first`: it is where reading begins). */
export interface U32Step {
  readonly op: 'first' | 'and' | 'left' | 'right' | 'at';
  readonly number: number;
}
export interface U32Test {
  readonly steps: readonly U32Step[];
  readonly values: readonly Range[];
}

/** Modules about headers that no packet here has: they do not match, negated or not. Their options are kept as text. */
export type AbsentHeader = 'ah' | 'esp' | 'ipcomp' | 'dccp' | 'frag' | 'hbh' | 'dst' | 'rt' | 'mh' | 'srh';
/** Modules about payload, rate, clock or fingerprint: never told. Their options are kept as text, negations in them. */
export type Untellable = 'bpf' | 'string' | 'hashlimit' | 'quota' | 'rateest' | 'osf' | 'time' | 'l2tp';

/** One option with its values, as the tool prints it: `! --hex-string "|00|"`. */
export type ModuleText<K extends string> = {
  readonly [Kind in K]: Negatable & { readonly kind: Kind; readonly options: readonly string[] };
}[K];

export type XtRareMatch =
  | ModuleText<AbsentHeader>
  | ModuleText<Untellable>
  | (Negatable & { readonly kind: 'tcpmss'; readonly range: Range })
  | (Negatable & { readonly kind: 'ecn-tcp'; readonly flag: 'cwr' | 'ece' })
  | (Negatable & { readonly kind: 'ecn-ip'; readonly value: number })
  | (Negatable & {
      readonly kind: 'sctp-chunks';
      readonly how: 'all' | 'any' | 'only';
      /** `INIT`, `DATA:Be`. */
      readonly chunks: readonly string[];
    })
  | (Negatable & { readonly kind: 'u32'; readonly tests: readonly U32Test[] })
  /** The interface identifier of the source is made of the source MAC. */
  | (Negatable & { readonly kind: 'eui64' })
  /** Bits: 1 protocol, 2 auth, 4 esp, 8 none, 16 frag, 32 route, 64 dst, 128 hop (ip6t_ipv6header.h). `soft`: others may be there too. */
  | (Negatable & { readonly kind: 'ipv6header'; readonly headers: number; readonly soft: boolean })
  | (Negatable & {
      readonly kind: 'devgroup';
      readonly side: 'source' | 'destination';
      readonly value: number;
      readonly mask: number;
    })
  | (Negatable & { readonly kind: 'realm'; readonly value: number; readonly mask: number })
  | (Negatable & {
      readonly kind: 'policy';
      readonly dir: 'in' | 'out';
      readonly ipsec: boolean;
      readonly options: readonly string[];
    })
  | (Negatable & { readonly kind: 'cgroup'; readonly classid: number | null; readonly path: string | null })
  | (Negatable & { readonly kind: 'cpu'; readonly cpu: number })
  /** A bit per node, the least significant for node 1. */
  | (Negatable & { readonly kind: 'cluster'; readonly nodemask: number; readonly total: number; readonly seed: number })
  | (Negatable & {
      readonly kind: 'connbytes';
      readonly from: number;
      readonly to: number | null;
      readonly mode: 'packets' | 'bytes' | 'avgpkt';
      readonly direction: 'original' | 'reply' | 'both';
    })
  | (Negatable & { readonly kind: 'connlabel'; readonly label: string; readonly set: boolean })
  /** More than `limit` connections of addresses that agree in `maskLength` bits; negated: at most. */
  | (Negatable & {
      readonly kind: 'connlimit';
      readonly limit: number;
      readonly maskLength: number;
      readonly side: 'source' | 'destination';
    })
  | (Negatable & { readonly kind: 'helper'; readonly name: string });
