/** Connection tracking: the entries of the flow asked about, and how full the table is. */
import type { IpAddress } from '../values/address.ts';

export interface Tuple {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly sport: number | null;
  readonly dport: number | null;
  /** Of ICMP, instead of ports. */
  readonly icmp?: { readonly type: number; readonly code: number; readonly id: number };
}

export interface ConntrackEntry {
  readonly protocol: number;
  readonly original: Tuple;
  readonly reply: Tuple;
  /** TCP state (`ESTABLISHED`, `SYN_SENT`…); null for others. */
  readonly state: string | null;
  readonly assured: boolean;
  readonly unreplied: boolean;
  /** A helper of another connection expected it; absent: not told, taken as no. */
  readonly expected?: boolean;
  readonly mark: number;
  readonly zone: number;
  /** The zone holds for this direction's tuple only; absent: for both. */
  readonly zoneOf?: 'original' | 'reply';
  /** What it has carried each way; absent: not counted (nf_conntrack_acct), or not told. */
  readonly carried?: { readonly original: ConntrackCounts; readonly reply: ConntrackCounts };
  readonly line: number;
  readonly text: string;
}

export interface ConntrackCounts {
  readonly packets: number;
  readonly bytes: number;
}

export interface ConntrackTable {
  readonly count: number;
  readonly max: number;
}
