/** What an address is, told by its bits and by the cluster's networks. */
import type { ClusterObjects } from '@netverdict/kube';
import {
  familyOf,
  formatIp,
  type IpAddress,
  ok,
  parseIp,
  parsePrefix,
  prefix,
  prefixContains,
} from '@netverdict/linux-net';
import { fail, type Outcome } from './outcome.ts';

/** The networks of the cluster, as far as its objects tell them. */
export interface AddressFacts {
  readonly podCidrs: readonly string[];
  readonly serviceCidrs: readonly string[];
  readonly inPodNetwork: (address: string) => boolean;
  readonly inServiceNetwork: (address: string) => boolean;
}

export function addressFacts(podCidrs: readonly string[], serviceCidrs: readonly string[]): AddressFacts {
  return {
    podCidrs,
    serviceCidrs,
    inPodNetwork: within(podCidrs),
    inServiceNetwork: within(serviceCidrs),
  };
}

function within(cidrs: readonly string[]): (address: string) => boolean {
  const prefixes = cidrs.flatMap((cidr) => {
    const parsed = parsePrefix(cidr);
    return parsed.ok ? [parsed.value] : [];
  });
  return (address) => {
    const parsed = parseIp(address);
    return parsed.ok && prefixes.some((p) => prefixContains(p, parsed.value));
  };
}

export const familyOfText = (address: string): 'ipv4' | 'ipv6' => (address.includes(':') ? 'ipv6' : 'ipv4');

/** 0.0.0.0/8 (RFC 1122), multicast and class E with the broadcast (RFC 1112), `::` and ff00::/8 (RFC 4291). */
const NOT_UNICAST = ['0.0.0.0/8', '224.0.0.0/4', '240.0.0.0/4', '::/128', 'ff00::/8'].map(prefix);

/** The address in canonical spelling, if a packet can have it as the given end. */
export function unicast(text: string, end: 'source' | 'destination'): Outcome<string> {
  const parsed = parseIp(text);
  if (!parsed.ok) return fail('invalid-address', `The ${end} is not an address`, parsed.error);
  const address: IpAddress = parsed.value;
  if (NOT_UNICAST.some((p) => p.family === familyOf(address) && prefixContains(p, address)))
    return fail(
      'invalid-address',
      `${text} is no single host`,
      `${text} is an unspecified, multicast or reserved address: it cannot be the ${end}.`,
    );
  return ok(formatIp(address));
}

/** Families that any pod or node of the cluster has. */
export function clusterFamilies(objects: ClusterObjects): ReadonlySet<'ipv4' | 'ipv6'> {
  const families = new Set<'ipv4' | 'ipv6'>();
  for (const node of objects.nodes.values())
    for (const { type, address } of node.addresses)
      if (type === 'InternalIP' || type === 'ExternalIP') families.add(familyOfText(address));
  for (const pod of objects.pods.values()) for (const ip of pod.ips) families.add(familyOfText(ip));
  return families;
}
