/** Connection tracking: the entries of the flow asked about, and how full the table is. */
import type { IpAddress } from '../values/address.ts';

export interface Tuple {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly sport: number | null;
  readonly dport: number | null;
}

export interface ConntrackEntry {
  readonly protocol: number;
  readonly original: Tuple;
  readonly reply: Tuple;
  /** TCP state (`ESTABLISHED`, `SYN_SENT`…); null for others. */
  readonly state: string | null;
  readonly assured: boolean;
  readonly unreplied: boolean;
  readonly mark: number;
  readonly zone: number;
  readonly line: number;
  readonly text: string;
}

export interface ConntrackTable {
  readonly count: number;
  readonly max: number;
}
