/** Virtual services of IPVS as ipvsadm(8) prints them: their shape only, a packet that meets them is undetermined. */
import type { IpAddress } from '../values/address.ts';

export type IpvsProtocol = 'tcp' | 'udp' | 'sctp' | 'fwmark';
export type IpvsForward = 'masquerade' | 'route' | 'tunnel' | 'local';

export interface IpvsServer {
  readonly address: IpAddress;
  /** A name of /etc/services where the tool was asked to resolve. */
  readonly port: number | string;
  /** null: the listing is one of counters, which says neither. */
  readonly forward: IpvsForward | null;
  readonly weight: number | null;
  readonly line: number;
}

export interface IpvsService {
  readonly protocol: IpvsProtocol;
  /** null of `fwmark`, which has a mark. */
  readonly address: IpAddress | null;
  readonly port: number | string | null;
  readonly fwmark: number | null;
  /** `rr`, `wrr`, `sh`…; null in a listing of counters. */
  readonly scheduler: string | null;
  readonly flags: readonly string[];
  /** Persistence, in seconds. */
  readonly persistentSeconds: number | null;
  readonly servers: readonly IpvsServer[];
  readonly line: number;
}
