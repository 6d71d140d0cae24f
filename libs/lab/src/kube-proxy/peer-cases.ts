/** Other people's kube-proxy cases, read where they lie (NETVERDICT_PEER_CASES, or beside the repository); never copied. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { KubeObject } from '../api-server/object.ts';
import type { KubeProxyInput } from './input.ts';

export interface PeerFlow {
  readonly name: string;
  readonly sourceIP: string;
  readonly destIP: string;
  readonly destPort: number;
  readonly protocol: string;
  readonly expected: {
    /** `address:port`; empty: not redirected. */
    readonly dnatTo: readonly string[];
    readonly masq: boolean;
    readonly verdict: 'REJECT' | 'DROP' | null;
  };
}

interface PeerCase {
  readonly flows: readonly PeerFlow[];
  readonly case: string;
  readonly config: {
    readonly family: 4 | 6;
    readonly localhostNodePorts: boolean;
    readonly nodePortAddresses: readonly string[] | null;
    readonly masqueradeAll: boolean;
    readonly localDetector: boolean;
    readonly podCIDR: string;
  };
  readonly nodeName: string;
  readonly nodeIPs: readonly string[];
  readonly objects: readonly KubeObject[];
  readonly iptablesSave: string;
}

const folder =
  process.env.NETVERDICT_PEER_CASES ?? resolve(import.meta.dirname, '../../../../../shared/data/peer-cases');
const file = join(folder, 'kube-proxy-iptables.jsonl');

/** null: the cases are there; else why not. */
export const peerCasesMissing: string | null = existsSync(file)
  ? null
  : `no ${file}; set NETVERDICT_PEER_CASES to the folder of the peer cases`;

export function peerCases(): readonly {
  name: string;
  input: KubeProxyInput;
  iptablesSave: string;
  flows: readonly PeerFlow[];
}[] {
  if (peerCasesMissing !== null) return [];
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const peer = JSON.parse(line) as PeerCase;
    const { config } = peer;
    return {
      name: peer.case,
      iptablesSave: peer.iptablesSave,
      flows: peer.flows,
      input: {
        objects: peer.objects,
        nodeName: peer.nodeName,
        nodeIps: peer.nodeIPs,
        config: {
          family: config.family === 6 ? 'ipv6' : 'ipv4',
          localDetector: config.localDetector ? { kind: 'cluster-cidr', cidr: config.podCIDR } : null,
          localhostNodePorts: config.localhostNodePorts,
          nodePortAddresses: config.nodePortAddresses,
          masqueradeAll: config.masqueradeAll,
        },
      },
    };
  });
}
