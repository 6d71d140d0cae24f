/**
 * Which addresses a webhook may go to. Refused are those of our own machine, its network and its cloud: loopback, link-local (the metadata
 * services), private, shared, unique local, and what leads there in disguise (IPv4 within IPv6). NETVERDICT_CALLBACK_ALLOW names hosts,
 * addresses or prefixes that are allowed all the same; only to those it goes without TLS.
 * The check is made on the address that is connected to, so that a name cannot change its meaning in between.
 */
import { BlockList, isIP } from 'node:net';

const REFUSED: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  // Unspecified, loopback, and the old way to write an IPv4 address within.
  ['::', 96, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['fec0::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
  // Translators and tunnels, which lead to an IPv4 address that is written within.
  ['64:ff9b::', 96, 'ipv6'],
  ['64:ff9b:1::', 48, 'ipv6'],
  ['2001::', 32, 'ipv6'],
  ['2002::', 16, 'ipv6'],
];

export interface CallbackPolicy {
  /** null: may be tried. Otherwise why not. Of a name it only says what can be said without looking it up. */
  refuseUrl(url: string): string | null;
  /** null: may be connected to. `host` is the name it came from; `plain`: without TLS. */
  refuseAddress(host: string, address: string, plain: boolean): string | null;
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
/** An IPv4 address in IPv6's clothes is judged as what it is. */
const bare = (address: string): string => /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
const unbracketed = (host: string): string => host.replace(/^\[|\]$/g, '');
const NO_TLS = 'it would go without TLS: write https, or have the operator allow it by NETVERDICT_CALLBACK_ALLOW';

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
  const refuseAddress = (host: string, given: string, plain: boolean): string | null => {
    // A zone (fe80::1%eth0) says over which link, not where to.
    const address = bare(unbracketed(given)).replace(/%.*$/, '');
    if (hosts.has(host.toLowerCase()) || allowed.check(address, familyOf(address))) return null;
    if (isIP(address) === 0 || refused.check(address, familyOf(address)))
      return `${address} is a loopback, link-local, private, metadata or multicast address, where webhooks may not go`;
    return plain ? NO_TLS : null;
  };
  return {
    refuseAddress,
    refuseUrl(text) {
      if (!URL.canParse(text)) return 'it is not a URL';
      const url = new URL(text);
      if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'it is neither http nor https';
      if (url.username !== '' || url.password !== '') return 'it holds a user name or password';
      const plain = url.protocol === 'http:';
      const host = unbracketed(url.hostname);
      if (isIP(host) !== 0) return refuseAddress(host, host, plain);
      if (/(^|\.)localhost\.?$/i.test(host)) return refuseAddress(host, '127.0.0.1', plain);
      // Nothing is allowed by its address: no lookup could help.
      return plain && allow.length === hosts.size && !hosts.has(host.toLowerCase()) ? NO_TLS : null;
    },
  };
}
