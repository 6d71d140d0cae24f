/** What a lab is made of, and every name and address in it: derived from the spec alone, so any process can tell them. */
import { createHash } from 'node:crypto';
import { LabError } from './errors.ts';

export type LabCni = 'flannel-vxlan' | 'flannel-host-gw';
export type IptablesVariant = 'nft' | 'legacy';

export interface LabSpec {
  readonly name: string;
  readonly nodes: number;
  readonly cni: LabCni;
  readonly iptables: IptablesVariant;
  readonly runtime: 'containerd';
}

export const DEFAULT_SPEC: LabSpec = {
  name: 'lab',
  nodes: 3,
  cni: 'flannel-vxlan',
  iptables: 'nft',
  runtime: 'containerd',
};

export const CLUSTER_POD_CIDR = '10.244.0.0/16';
export const SERVICE_CIDR = '10.96.0.0/16';
export const UNDERLAY_GATEWAY = '172.18.0.1';
export const EXTERNAL_ADDRESS = '203.0.113.10';
export const EXTERNAL_GATEWAY = '203.0.113.1';

/** flanneld's defaults: VNI 1, Linux's old VXLAN port, 50 bytes for outer Ethernet, IPv4, UDP and VXLAN headers. */
export const FLANNEL_VNI = 1;
export const VXLAN_PORT = 8472;
export const UNDERLAY_MTU = 1500;
export const podMtu = (cni: LabCni): number => (cni === 'flannel-vxlan' ? UNDERLAY_MTU - 50 : UNDERLAY_MTU);

export interface NodePlan {
  readonly index: number;
  readonly name: string;
  readonly address: string;
  readonly mac: string;
  readonly podCidr: string;
  /** cni0's address: the pods' gateway. */
  readonly podGateway: string;
  /** flannel.1's address: the network address of the pod CIDR, as flanneld takes it. */
  readonly vtepAddress: string;
  readonly vtepMac: string;
  /** Name of the network namespace, below /run/netns. */
  readonly netns: string;
}

const netnsName = (lab: string, part: string): string => `nv-${lab}-${part}`;
export const netnsPath = (name: string): string => `/run/netns/${name}`;
export const fabricNetns = (lab: string): string => netnsName(lab, 'fabric');
export const externalNetns = (lab: string): string => netnsName(lab, 'external');

/** @throws LabError when a value is out of range. */
export function completeSpec(partial: Partial<LabSpec>): LabSpec {
  const spec = { ...DEFAULT_SPEC, ...partial };
  // Names become namespace, cgroup and directory names, and socket paths of at most 107 bytes.
  if (!/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(spec.name))
    throw new LabError(`not a lab name: ${spec.name} (1 to 32 of a-z, 0-9 and -, no - at the ends)`);
  if (!Number.isInteger(spec.nodes) || spec.nodes < 1 || spec.nodes > 50)
    throw new LabError(`a lab has 1 to 50 nodes, not ${spec.nodes}`);
  if (!['flannel-vxlan', 'flannel-host-gw'].includes(spec.cni)) throw new LabError(`no such CNI: ${spec.cni}`);
  if (!['nft', 'legacy'].includes(spec.iptables)) throw new LabError(`no such iptables variant: ${spec.iptables}`);
  if (spec.runtime !== 'containerd') throw new LabError(`no such runtime: ${spec.runtime}`);
  return spec;
}

export function planNodes(spec: LabSpec): readonly NodePlan[] {
  return Array.from({ length: spec.nodes }, (_, at) => {
    const index = at + 1;
    const name = `node-${index}`;
    return {
      index,
      name,
      address: `172.18.0.${10 + index}`,
      mac: `02:42:ac:12:00:${hexByte(10 + index)}`,
      podCidr: `10.244.${index}.0/24`,
      podGateway: `10.244.${index}.1`,
      vtepAddress: `10.244.${index}.0`,
      vtepMac: vtepMac(name),
      netns: netnsName(spec.name, name),
    };
  });
}

const hexByte = (value: number): string => value.toString(16).padStart(2, '0');

/** flanneld draws a random locally administered MAC; the lab's are fixed so that two labs of one spec are alike. */
function vtepMac(node: string): string {
  const bytes = [...createHash('sha256').update(`vtep ${node}`).digest().subarray(0, 6)];
  return bytes.map((byte, at) => hexByte(at === 0 ? (byte & 0xfc) | 0x02 : byte)).join(':');
}
