/** Names of chains and sets: a kind, 8 characters of base32(sha256) of what follows, and that itself, so that a cut name stays unique. */
import { hash16 } from '../chain-names.ts';
import type { Endpoint } from '../endpoints.ts';
import type { ServicePort } from '../service-ports.ts';

export type NameKind = 'service' | 'local' | 'external' | 'firewall' | 'endpoint' | 'affinity';

/** NFT_NAME_MAXLEN is 256; kube-proxy keeps to what nft prints in one line. */
const LONGEST = 128;

function named(kind: NameKind, rest: string): string {
  const name = `${kind}-${hash16(rest).slice(0, 8)}-${rest}`;
  return name.length <= LONGEST ? name : `${name.slice(0, LONGEST - 3)}...`;
}

const portText = (port: ServicePort): string => `${port.service}/${port.protocol}/${port.portName}`;

export const portChain = (kind: Exclude<NameKind, 'endpoint' | 'affinity'>, port: ServicePort): string =>
  named(kind, portText(port));

/** Colons of an address and its port may not stand in a name. */
export const endpointName = (
  kind: 'endpoint' | 'affinity',
  port: ServicePort,
  { ip, port: number }: Endpoint,
): string => named(kind, `${portText(port)}__${ip.replaceAll(':', '.')}/${number}`);
