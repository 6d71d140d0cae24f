/**
 * Which addresses a callback may go to. Refused are those that only our own machine or its cloud answers on:
 * loopback, link-local (the metadata services), unspecified, multicast. Private networks are allowed: receivers live there.
 * NETVERDICT_CALLBACK_ALLOW names hosts, addresses or prefixes that are allowed all the same.
 * The check is made on the address that is connected to, so that a name cannot change its meaning in between.
 */
import { BlockList, isIP } from 'node:net';

/** AWS's IPv6 metadata service lies in a private range. */
const REFUSED: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 127, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
  ['fd00:ec2::254', 128, 'ipv6'],
];

export interface CallbackPolicy {
  /** null: may be tried. Otherwise why not. Of a name it only says what can be said without looking it up. */
  refuseUrl(url: string): string | null;
  /** null: may be connected to. `host` is the name it came from. */
  refuseAddress(host: string, address: string): string | null;
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
/** An IPv4 address in IPv6's clothes is judged as what it is. */
const bare = (address: string): string => /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
const unbracketed = (host: string): string => host.replace(/^\[|\]$/g, '');

/** @throws Error naming the entry that is neither a host, an address nor a prefix. */
export function callbackPolicy(allow: readonly string[]): CallbackPolicy {
  const refused = new BlockList();
  for (const [net, length, family] of REFUSED) refused.addSubnet(net, length, family);
  const allowed = new BlockList();
  const hosts = new Set<string>();
  for (const entry of allow) {
    const [net = '', length] = entry.split('/');
    if (isIP(net) === 0 && length === undefined && /^[A-Za-z0-9.-]+$/.test(net)) hosts.add(net.toLowerCase());
    else if (isIP(net) !== 0 && (length === undefined || /^\d{1,3}$/.test(length)))
      allowed.addSubnet(net, length === undefined ? (isIP(net) === 6 ? 128 : 32) : Number(length), familyOf(net));
    else throw new Error(`"${entry}" is no host name, address or prefix`);
  }
  const refuseAddress = (host: string, given: string): string | null => {
    const address = bare(unbracketed(given));
    if (hosts.has(host.toLowerCase()) || allowed.check(address, familyOf(address))) return null;
    return refused.check(address, familyOf(address))
      ? `${address} is a loopback, link-local, metadata or multicast address, where callbacks may not go`
      : null;
  };
  return {
    refuseAddress,
    refuseUrl(text) {
      if (!URL.canParse(text)) return 'it is not a URL';
      const url = new URL(text);
      if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'it is neither http nor https';
      if (url.username !== '' || url.password !== '') return 'it holds a user name or password';
      const host = unbracketed(url.hostname);
      if (isIP(host) !== 0) return refuseAddress(host, host);
      if (/(^|\.)localhost$/i.test(host)) return refuseAddress(host, '127.0.0.1');
      return null;
    },
  };
}
