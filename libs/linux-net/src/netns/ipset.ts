/** IP sets (ipset(8)) as `ipset save` prints them, their members parsed once. */
import type { Family, IpAddress } from '../values/address.ts';
import type { Prefix } from '../values/prefix.ts';
import type { Mac } from '../values/scalars.ts';

export type IpSetDimension = 'ip' | 'net' | 'port' | 'mac' | 'mark' | 'iface' | 'set';

/** Each type's dimensions, in the order of a member's parts and of the directions that a rule gives. */
export const IP_SET_TYPES = {
  'bitmap:ip': ['ip'],
  'bitmap:ip,mac': ['ip', 'mac'],
  'bitmap:port': ['port'],
  'hash:ip': ['ip'],
  'hash:mac': ['mac'],
  'hash:ip,mac': ['ip', 'mac'],
  'hash:net': ['net'],
  'hash:net,net': ['net', 'net'],
  'hash:ip,port': ['ip', 'port'],
  'hash:net,port': ['net', 'port'],
  'hash:ip,port,ip': ['ip', 'port', 'ip'],
  'hash:ip,port,net': ['ip', 'port', 'net'],
  'hash:net,port,net': ['net', 'port', 'net'],
  'hash:net,iface': ['net', 'iface'],
  'hash:ip,mark': ['ip', 'mark'],
  'list:set': ['set'],
} as const satisfies Readonly<Record<string, readonly IpSetDimension[]>>;
export type IpSetType = keyof typeof IP_SET_TYPES;

/** The value of one dimension. A range of addresses has become the prefixes that cover it, one member each. */
export type IpSetPart =
  /** Of `ip` too: an address is a prefix of full length, `10.0.0.0/30` stands for its four addresses. */
  | { readonly kind: 'prefix'; readonly prefix: Prefix }
  /** `protocol` null: bitmap:port holds ports of TCP and UDP alike. ICMP's port is its type times 256 plus its code. */
  | { readonly kind: 'port'; readonly protocol: number | null; readonly from: number; readonly to: number }
  /** null: bitmap:ip,mac learns the address from the first packet, so that any matches. */
  | { readonly kind: 'mac'; readonly mac: Mac | null }
  | { readonly kind: 'mark'; readonly value: number }
  /** `wildcard`: the name is a prefix of names. `physdev`: the bridge port, not the device. */
  | { readonly kind: 'iface'; readonly name: string; readonly physdev: boolean; readonly wildcard: boolean }
  | { readonly kind: 'set'; readonly name: string };

export interface IpSetMember {
  readonly parts: readonly IpSetPart[];
  /** An exception: an address in it is not in the set, whatever wider member holds it. */
  readonly nomatch: boolean;
  /** Seconds left when it was read; 0 stays for ever; null where the set has no timeouts. */
  readonly timeoutSeconds: number | null;
  readonly line: number;
}

export interface IpSetOptions {
  /** null: the type has none (bitmap:port, hash:mac, list:set). */
  readonly family: Family | null;
  /** Applied to what is looked up and to what is stored: of `netmask` and `bitmask`. */
  readonly mask: IpAddress | null;
  readonly markmask: number;
  /** bitmap:ip and bitmap:port: nothing outside it can be a member. */
  readonly range: { readonly from: number; readonly to: number } | null;
  /** Default of members in seconds; null: the set has no timeouts. */
  readonly timeoutSeconds: number | null;
  readonly counters: boolean;
  readonly comment: boolean;
  readonly skbinfo: boolean;
}

export type IpSet =
  | {
      readonly kind: 'members';
      readonly name: string;
      readonly type: IpSetType;
      readonly options: IpSetOptions;
      readonly members: readonly IpSetMember[];
      readonly line: number;
    }
  /** A type that the model does not know: what it holds is an unknown with this name. */
  | { readonly kind: 'unsupported'; readonly name: string; readonly type: string; readonly line: number };
