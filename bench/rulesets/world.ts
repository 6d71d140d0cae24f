/** What was collected of the bench's namespaces, as a world, and questions to it. */
import type { HelperSection } from '@netverdict/collect';
import { type Flow, netnsKey } from '@netverdict/linux-net';
import { buildWorld, compileNamespace, type World } from '@netverdict/netsim';
import { type NetnsSection, parseNetns } from '@netverdict/parsers';
import { CLIENT, clusterIp, PORT } from './services.ts';

export type Collected = readonly { readonly inode: number; readonly sections: readonly HelperSection[] }[];

/** A stride that has no factor in common with the numbers of Services. */
const STRIDE = 7919;

/** The Service that the i-th question is about. */
export const addressOf = (i: number, services: number): string => clusterIp(1 + ((i * STRIDE) % services));

/** @param client inode of the namespace that asks */
export const question = (client: number, i: number, services: number): Flow => ({
  family: 'ipv4',
  protocol: 'udp',
  source: { kind: 'namespace', namespace: netnsKey('n', client), address: CLIENT },
  destination: { address: addressOf(i, services), port: PORT },
  sourcePort: 20_000 + (i % 40_000),
  sizeBytes: 60,
  dontFragment: false,
});

export function timed<T>(work: () => T): { readonly ms: number; readonly value: T } {
  const began = performance.now();
  const value = work();
  return { ms: performance.now() - began, value };
}

export function worldOf(collected: Collected): {
  readonly world: World;
  readonly parseMs: number;
  readonly compileMs: number;
} {
  const parsed = timed(() =>
    collected.map(({ inode, sections }) => ({ inode, state: parseNetns(sections.map(sectionOf)) })),
  );
  const compiled = timed(() =>
    buildWorld({
      namespaces: parsed.value.map(({ inode, state }) => ({
        key: netnsKey('n', inode),
        node: 'n',
        kind: 'other',
        pod: null,
        inode,
        net: compileNamespace(state),
      })),
      nodes: [{ node: 'n', unavailable: null }],
      map: { nodes: [], pods: [], services: [], podCidrs: [], serviceCidrs: [] },
    }),
  );
  return { world: compiled.value, parseMs: parsed.ms, compileMs: compiled.ms };
}

const sectionOf = (section: HelperSection): NetnsSection =>
  'missing' in section
    ? section
    : { ref: { kind: section.kind, digest: section.kind, at: '', bytes: section.text.length }, text: section.text };

export const rssMib = (): number => {
  globalThis.gc?.();
  return process.memoryUsage.rss() / 2 ** 20;
};
