/**
 * Flannel's `net-conf.json` (ConfigMap kube-flannel-cfg). Defaults as in flannel's Documentation/backends.md:
 * VNI 1, and port 0 meaning the Linux kernel's default 8472 for vxlan.
 */
import { err, ok, type Result } from '@netverdict/linux-net';

export type FlannelBackend =
  | { readonly kind: 'vxlan'; readonly vni: number; readonly port: number; readonly directRouting: boolean }
  | { readonly kind: 'host-gw' }
  /** wireguard, ipip, udp…: named, its devices are not described yet. */
  | { readonly kind: 'other'; readonly type: string };

export interface FlannelConfig {
  /** Pod network of the whole cluster, IPv4; null in an IPv6-only one. */
  readonly network: string | null;
  readonly ipv6Network: string | null;
  readonly backend: FlannelBackend;
}

const LINUX_VXLAN_PORT = 8472;

export function parseNetConf(text: string): Result<FlannelConfig, string> {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    return err(`net-conf.json is not JSON: ${(error as Error).message}`);
  }
  if (!isRecord(raw)) return err('net-conf.json is not an object');
  const backend = isRecord(raw.Backend) ? raw.Backend : {};
  return ok({
    network: typeof raw.Network === 'string' && raw.EnableIPv4 !== false ? raw.Network : null,
    ipv6Network: raw.EnableIPv6 === true && typeof raw.IPv6Network === 'string' ? raw.IPv6Network : null,
    backend: parseBackend(backend),
  });
}

function parseBackend(backend: Record<string, unknown>): FlannelBackend {
  // Without a Type flannel itself uses `udp` (deprecated); the shipped manifests always name one.
  const type = typeof backend.Type === 'string' ? backend.Type.toLowerCase() : 'udp';
  switch (type) {
    case 'vxlan':
      return {
        kind: 'vxlan',
        vni: positive(backend.VNI) ?? 1,
        port: positive(backend.Port) ?? LINUX_VXLAN_PORT,
        directRouting: backend.DirectRouting === true,
      };
    case 'host-gw':
      return { kind: 'host-gw' };
    default:
      return { kind: 'other', type };
  }
}

const positive = (value: unknown): number | null =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : null;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
