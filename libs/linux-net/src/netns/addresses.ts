/** Interface addresses as `ip address` shows them. */
import type { IpAddress } from '../values/address.ts';
import type { IfIndex } from '../values/scalars.ts';
import type { RouteScope } from './routes.ts';

export interface InterfaceAddress {
  readonly ifindex: IfIndex;
  readonly address: IpAddress;
  readonly prefixLength: number;
  /** The remote end of a point-to-point address, if it differs. */
  readonly peer: IpAddress | null;
  readonly broadcast: IpAddress | null;
  readonly scope: RouteScope;
  readonly secondary: boolean;
  readonly tentative: boolean;
  readonly dadFailed: boolean;
  readonly deprecated: boolean;
  /** IPv6: in use before duplicate address detection is over; a privacy address. Absent: no. */
  readonly optimistic?: boolean;
  readonly temporary?: boolean;
  readonly noPrefixRoute: boolean;
}
