/** What a set is asked about: the parts of a packet that its dimensions can name. */
import type { Family, IpAddress, IpSetType, Mac, Range } from '@netverdict/linux-net';

export type Side = 'src' | 'dst';

export interface SetProbe {
  readonly family: Family;
  readonly protocol: number;
  readonly mark: number;
  address(side: Side): IpAddress;
  /** As ip_set_getport.c reads it: ICMP's type times 256 plus its code, 0 for protocols without ports; null where the packet does not have it. */
  port(side: Side): number | null;
  /** The port is some port of these (NAT drew it, or a tunnel). */
  portAmong?(side: Side): Range | undefined;
  /** Name of the device that the packet came in by (src) or leaves by (dst). */
  device(side: Side): string | null;
  /** null: the packet has no link-layer header; undefined: not known. */
  mac(side: Side): Mac | null | undefined;
  /** Does a member that was stored without a link-layer address go with this one? The first that it is asked about becomes its own. */
  goesWith(set: string, address: IpAddress, mac: Mac): boolean;
}

/** `nomatch`: an exception decided, which `--return-nomatch` takes for the match. */
export type Membership = 'in' | 'out' | 'nomatch' | { readonly unknown: string };

/** IPSET_TYPE_NOMATCH of the kernel's types: they can hold exceptions, and `--return-nomatch` turns their answer round. */
export const HOLDS_EXCEPTIONS: ReadonlySet<IpSetType> = new Set<IpSetType>([
  'hash:net',
  'hash:net,net',
  'hash:net,port',
  'hash:net,port,net',
  'hash:ip,port,net',
  'hash:net,iface',
]);
