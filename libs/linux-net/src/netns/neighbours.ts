/** Neighbour and bridge forwarding entries, as `ip neigh` and `bridge fdb` show them. */
import type { IpAddress } from '../values/address.ts';
import type { IfIndex, Mac } from '../values/scalars.ts';
import type { LineRef } from './routes.ts';

export type NeighbourState =
  | 'permanent'
  | 'reachable'
  | 'stale'
  | 'delay'
  | 'probe'
  | 'noarp'
  | 'incomplete'
  | 'failed'
  | 'none';

export interface Neighbour {
  readonly address: IpAddress;
  readonly dev: IfIndex;
  readonly mac: Mac | null;
  readonly state: NeighbourState;
  /** An entry of `ip neigh add proxy`: this host answers for the address. */
  readonly proxy: boolean;
  readonly router: boolean;
  readonly evidence: LineRef;
}

export interface FdbEntry {
  readonly mac: Mac;
  readonly dev: IfIndex;
  /** The bridge that the entry belongs to; null for an entry of the device itself (`self`), as vxlan has. */
  readonly master: IfIndex | null;
  readonly vlan: number | null;
  /** vxlan: the remote tunnel end. */
  readonly dst: IpAddress | null;
  readonly vni: number | null;
  readonly port: number | null;
  readonly via: IfIndex | null;
  /** The bridge's own address: frames to it go up to the host. */
  readonly permanent: boolean;
  /** Neither learned nor forgotten; but it moves to another port when its address is seen there, unless it is sticky. */
  readonly isStatic: boolean;
  readonly sticky?: true;
  readonly evidence: LineRef;
}
