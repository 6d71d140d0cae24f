/** A world as a file of libs/verify/fixtures: with a sentence for a title, and without what is as by default. */
import { BARE_NAMESPACE, PLAIN_FLOW } from './defaults.ts';
import type { FlowSpec, NamespaceSpec, WorldSpec } from './spec.ts';

export interface Fixture {
  /** What the kernel does there, as a sentence. */
  readonly title: string;
  readonly world: WorldSpec;
}

type Given<T, D> = Omit<T, keyof D> & Partial<T>;
type GivenFlow = Given<FlowSpec, typeof PLAIN_FLOW & Pick<FlowSpec, 'family'>>;

interface FixtureFile {
  readonly title: string;
  readonly namespaces: readonly Given<NamespaceSpec, typeof BARE_NAMESPACE>[];
  readonly prelude?: readonly GivenFlow[];
  readonly flows: readonly GivenFlow[];
}

/** @throws where the text is no fixture */
/** A fixture's world has its file's name; those of a seed have numbers. */
export const isFixtureId = (world: string): boolean => world.endsWith('.json');

export function readFixture(text: string, name: string): Fixture {
  const { title, namespaces, prelude = [], flows, ...rest } = JSON.parse(text) as FixtureFile;
  if (typeof title !== 'string' || title === '')
    throw new Error(`${name} has no title: say in a sentence what the kernel does there`);
  const strange = [
    ...Object.keys(rest),
    ...namespaces.flatMap((ns) => Object.keys(ns).filter((key) => !(key in BARE_NAMESPACE) && key !== 'name')),
    ...[...prelude, ...flows].flatMap((flow) => Object.keys(flow).filter((key) => !FLOW_KEYS.has(key))),
  ];
  if (strange.length > 0) throw new Error(`${name} has fields that no world has: ${strange.join(', ')}`);
  if (flows.length === 0) throw new Error(`${name} sends nothing`);
  return {
    title,
    world: {
      id: name,
      namespaces: namespaces.map((ns) => ({ ...BARE_NAMESPACE, ...ns })),
      prelude: prelude.map(wholeFlow),
      flows: flows.map(wholeFlow),
    },
  };
}

const FLOW_KEYS = new Set([...Object.keys(PLAIN_FLOW), 'id', 'from', 'family', 'protocol', 'sport', 'destination']);

const wholeFlow = (flow: GivenFlow): FlowSpec => ({
  family: flow.destination.includes(':') ? 'ipv6' : 'ipv4',
  ...PLAIN_FLOW,
  ...flow,
});

export function fixtureText({ title, world }: Fixture): string {
  const file: FixtureFile = {
    title,
    namespaces: world.namespaces.map((ns) => without(ns, BARE_NAMESPACE)),
    ...(world.prelude.length > 0 ? { prelude: world.prelude.map(briefFlow) } : {}),
    flows: world.flows.map(briefFlow),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

const briefFlow = ({ family: _, ...flow }: FlowSpec): GivenFlow => without(flow, PLAIN_FLOW);

function without<T extends object, D extends object>(value: T, defaults: D): Given<T, D> {
  const kept = Object.entries(value).filter(
    ([key, v]) => JSON.stringify(v) !== JSON.stringify((defaults as Readonly<Record<string, unknown>>)[key]),
  );
  return Object.fromEntries(kept) as Given<T, D>;
}
