/** What the agent's helper collected, made into the world that netsim walks: the way a diagnosis takes, without the services. */
import type { HelperSection } from '@netverdict/collect';
import { type NetnsState, netnsKey } from '@netverdict/linux-net';
import { buildWorld, compileNamespace, type World } from '@netverdict/netsim';
import { type NetnsSection, parseNetns } from '@netverdict/parsers';
import { TRACE_TABLE } from '../kernel/trace-table.ts';

const NODE = 'w';
const NO_CLUSTER = { nodes: [], pods: [], services: [], podCidrs: [], serviceCidrs: [] };

export interface CollectedNamespace {
  readonly name: string;
  readonly inode: number;
  readonly sections: readonly HelperSection[];
}

export interface Modelled {
  readonly world: World;
  readonly keyOf: (name: string) => string;
  readonly nameOf: (key: string) => string;
}

export interface ParsedNamespace {
  readonly name: string;
  readonly inode: number;
  readonly state: NetnsState;
}

export const parseCollected = (collected: readonly CollectedNamespace[]): ParsedNamespace[] =>
  collected.map(({ name, inode, sections }) => ({
    name,
    inode,
    state: withoutTrace(parseNetns(sections.map((section) => sectionOf(name, section)))),
  }));

/** The judge's own table is no part of the world: its rules would be met by every packet, and decide about none. */
const withoutTrace = (state: NetnsState): NetnsState => {
  const { nftables } = state;
  if (!nftables.known) return state;
  const tables = nftables.value.tables.filter((table) => table.name !== TRACE_TABLE);
  return { ...state, nftables: { ...nftables, value: { ...nftables.value, tables } } };
};

/** `trackedAddresses`: those that connections were asked for by; absent: all of them were. */
export const modelOf = (collected: readonly CollectedNamespace[], trackedAddresses?: readonly string[]): Modelled =>
  modelOfParsed(parseCollected(collected), trackedAddresses);

export function modelOfParsed(collected: readonly ParsedNamespace[], trackedAddresses?: readonly string[]): Modelled {
  const names = new Map(collected.map((ns) => [netnsKey(NODE, ns.inode), ns.name]));
  const keys = new Map(collected.map((ns) => [ns.name, netnsKey(NODE, ns.inode)]));
  const namespaces = collected.map((ns) => ({
    key: netnsKey(NODE, ns.inode),
    node: NODE,
    kind: 'other' as const,
    pod: null,
    inode: ns.inode,
    net: compileNamespace(ns.state),
  }));
  return {
    world: buildWorld({
      namespaces,
      nodes: [{ node: NODE, unavailable: null }],
      map: NO_CLUSTER,
      ...(trackedAddresses ? { trackedAddresses } : {}),
    }),
    keyOf: (name) => keys.get(name) ?? name,
    nameOf: (key) => names.get(key) ?? key,
  };
}

function sectionOf(name: string, section: HelperSection): NetnsSection {
  if ('missing' in section) return section;
  const { kind, text } = section;
  return { ref: { kind, digest: `${name} ${kind}`, at: '', bytes: text.length }, text };
}
