/** Which of a world's connections are collected. */
import { isIP } from 'node:net';
import type { FlowFilter } from '@netverdict/collect';
import type { FlowSpec, NamespaceSpec, WorldSpec } from '../world/spec.ts';

const PROTOCOLS = { ipv4: { tcp: 6, udp: 17, icmp: 1 }, ipv6: { tcp: 6, udp: 17, icmp: 58 } } as const;

/** FLOW_ADDRESSES of the helper. */
const MOST_ADDRESSES = 64;

/** Those between any two of `trackedAddresses`. */
export function connectionsOf(flows: readonly FlowSpec[], spec: WorldSpec): FlowFilter[] {
  const addresses = trackedAddresses(spec);
  const families = [4, 6].map((version) => addresses.filter((text) => isIP(text) === version));
  const protocols = new Set([...spec.prelude, ...flows].map(({ family, protocol }) => PROTOCOLS[family][protocol]));
  return [...protocols].flatMap((protocol) => families.map((of) => ({ protocol, addresses: of, ports: [] })));
}

/**
 * Which address a sender takes is not known beforehand, nor to what translations on the way turn addresses and ports: any that the
 * world names, those that have something to do with an older connection first. What a translation computes is not among them.
 */
export function trackedAddresses(spec: WorldSpec): readonly string[] {
  const hosts = spec.namespaces.flatMap(hostLines).flatMap(addressesIn);
  const rules = spec.namespaces.flatMap(ruleLines).flatMap(addressesIn);
  const all = [...new Set([...spec.prelude.flatMap(endsOf), ...hosts, ...rules, ...spec.flows.flatMap(endsOf)])];
  return [4, 6].flatMap((version) => all.filter((text) => isIP(text) === version).slice(0, MOST_ADDRESSES));
}

const endsOf = ({ source, destination }: FlowSpec): string[] =>
  source === null ? [destination] : [source, destination];

const hostLines = (ns: NamespaceSpec): string[] =>
  [...ns.links, ...ns.ip, ...ns.ip6, ...ns.late].filter((line) => /\baddr(?:ess)?\s+(?:add|replace)\b/.test(line));

const ruleLines = (ns: NamespaceSpec): readonly string[] => [
  ...ns.iptablesLegacy,
  ...ns.ip6tablesLegacy,
  ...ns.iptablesNft,
  ...ns.ip6tablesNft,
  ...ns.nftFirst,
  ...ns.nft,
];

const addressesIn = (line: string): string[] => line.match(/[\da-fA-F]*[.:][\da-fA-F.:]+/g) ?? [];
