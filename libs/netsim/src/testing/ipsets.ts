/** Sets as the parser would give them. */
import {
  type IpSet,
  type IpSetMember,
  type IpSetOptions,
  type IpSetPart,
  type IpSetType,
  parseMac,
  prefix,
} from '@netverdict/linux-net';

export const net = (text: string): IpSetPart => ({ kind: 'prefix', prefix: prefix(text) });
export const port = (protocol: number | null, from: number, to = from): IpSetPart => ({
  kind: 'port',
  protocol,
  from,
  to,
});
export const iface = (
  name: string,
  more: { readonly physdev?: boolean; readonly wildcard?: boolean } = {},
): IpSetPart => ({
  kind: 'iface',
  name,
  physdev: false,
  wildcard: false,
  ...more,
});
export const markPart = (value: number): IpSetPart => ({ kind: 'mark', value });
export const setPart = (name: string): IpSetPart => ({ kind: 'set', name });
export function macPart(text: string | null): IpSetPart {
  if (text === null) return { kind: 'mac', mac: null };
  const mac = parseMac(text);
  if (!mac.ok) throw new Error(mac.error);
  return { kind: 'mac', mac: mac.value };
}

export type MemberSpec = Partial<IpSetMember> & Pick<IpSetMember, 'parts'>;

const WITHOUT_FAMILY: ReadonlySet<IpSetType> = new Set<IpSetType>(['bitmap:port', 'hash:mac', 'list:set']);

export const set = (
  name: string,
  type: IpSetType,
  members: readonly MemberSpec[],
  options: Partial<IpSetOptions> = {},
): Extract<IpSet, { kind: 'members' }> => ({
  kind: 'members',
  name,
  type,
  options: {
    family: WITHOUT_FAMILY.has(type) ? null : 'ipv4',
    mask: null,
    markmask: 0xffffffff,
    range: null,
    timeoutSeconds: null,
    counters: false,
    comment: false,
    skbinfo: false,
    ...options,
  },
  members: members.map((member) => ({ nomatch: false, timeoutSeconds: null, line: 1, ...member })),
  line: 1,
});
