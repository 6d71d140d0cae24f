/** What kind of address it is, by its bits alone (include/linux/in.h, net/ipv6/addrconf_core.c). */
import type { IpAddress } from '@netverdict/linux-net';

export const isMulticast = (address: IpAddress): boolean =>
  typeof address === 'number' ? address >>> 28 === 14 : address >> 120n === 0xffn;
export const isLoopback = (address: IpAddress): boolean =>
  typeof address === 'number' ? address >>> 24 === 127 : address === 1n;
/** 0.0.0.0 or `::`. The rest of 0.0.0.0/8 is as any other since Linux 5.3. */
export const isZero = (address: IpAddress): boolean => address === 0 || address === 0n;
export const isLimitedBroadcast = (address: IpAddress): boolean => address === 0xffffffff;
/** fe80::/10. */
export const isLinkLocal = (address: IpAddress): boolean =>
  typeof address === 'bigint' && address >> 118n === 0xfe80n >> 6n;

/** IPV6_ADDR_SCOPE_*: the scope of an address as source selection compares it; 0 for `::`. */
export const SCOPE6 = { linkLocal: 2, siteLocal: 5, global: 14 } as const;
export function scope6(address: bigint): number {
  if (address === 0n) return 0;
  if (isMulticast(address as IpAddress)) return Number((address >> 112n) & 0xfn);
  if (address === 1n || isLinkLocal(address as IpAddress)) return SCOPE6.linkLocal;
  return address >> 118n === 0xfec0n >> 6n ? SCOPE6.siteLocal : SCOPE6.global;
}

/** rt6_need_strict: its device is part of such a destination. */
export const needsDevice = (address: IpAddress): boolean =>
  typeof address === 'bigint' && (isMulticast(address) || isLinkLocal(address) || address === 1n);
