/**
 * Chain names: a prefix and the first 16 characters of base32(sha256(service port, protocol, endpoint)).
 * iptables allows 28 characters, so the readable name stands in the rules' comments only.
 */
import { createHash } from 'node:crypto';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648 base32 of the first 10 bytes: 80 bits, 16 characters. */
export function hash16(text: string): string {
  const digest = createHash('sha256').update(text).digest();
  let bits = 0n;
  for (const byte of digest.subarray(0, 10)) bits = (bits << 8n) | BigInt(byte);
  let encoded = '';
  for (let i = 15; i >= 0; i--) encoded += BASE32[Number((bits >> BigInt(5 * i)) & 31n)];
  return encoded;
}

/** `SVC` cluster policy · `SVL` local policy · `EXT` external traffic · `FW` load balancer source ranges. */
export const serviceChain = (
  prefix: 'KUBE-SVC-' | 'KUBE-SVL-' | 'KUBE-EXT-' | 'KUBE-FW-',
  servicePortName: string,
  protocol: string,
): string => prefix + hash16(servicePortName + protocol);

/** `endpoint` as `10.244.1.7:8080` or `[fd00::7]:8080`. */
export const endpointChain = (servicePortName: string, protocol: string, endpoint: string): string =>
  `KUBE-SEP-${hash16(servicePortName + protocol + endpoint)}`;
