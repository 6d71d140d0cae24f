/** Sockets that can receive: TCP listeners and UDP sockets, with what decides whether a packet finds them. */
import type { IpAddress } from '../values/address.ts';

export interface Socket {
  readonly protocol: 'tcp' | 'udp' | 'sctp' | 'raw';
  readonly family: 'ipv4' | 'ipv6';
  /** The wildcard is 0.0.0.0 or ::. */
  readonly local: { readonly address: IpAddress; readonly port: number };
  /** Set for a connected UDP socket or an established TCP one. */
  readonly remote: { readonly address: IpAddress; readonly port: number } | null;
  readonly state: 'listen' | 'unconnected' | 'established' | 'other';
  /** IPV6_V6ONLY; null where it could not be read. */
  readonly v6only: boolean | null;
  /** SO_BINDTODEVICE. */
  readonly dev: number | null;
  /** TCP listener: connections waiting for accept, and the limit. */
  readonly acceptQueue: { readonly length: number; readonly limit: number } | null;
  /** UDP: bytes that wait in the receive buffer, and its limit; null where it could not be read. */
  readonly receiveBuffer: { readonly bytes: number; readonly limit: number } | null;
  /** IP_TRANSPARENT; null where it could not be read. */
  readonly transparent: boolean | null;
  /** Owner of the socket; absent: not known. The group is nowhere to be read, and stands only in worlds made by hand. */
  readonly uid?: number;
  readonly gid?: number;
  readonly process: string | null;
  readonly line: number;
}
