/** What a finding is made of, before its branches are known: code, params, evidence, remedy, and the patch that proves it. */
import { type Flow, formatIp, type IpAddress, type NetnsState } from '@netverdict/linux-net';
import type { Evidence, FindingCode, Params } from '@netverdict/verdict';
import type { EvaluatedBranch } from '../evaluate.ts';
import type { Budget } from '../walk/budget.ts';
import type { Cause, Stop } from '../walk/stop.ts';
import { patchNamespace, type World, type WorldNamespace } from '../world/world.ts';

/** The world (or the question) as it would be without the blocker. */
export interface Patched {
  readonly world: World;
  readonly flow: Flow;
}

export interface Derived {
  readonly code: FindingCode;
  readonly params: Params;
  /** Besides the stop's own. */
  readonly evidence?: readonly Evidence[];
  /** Where it is told, when not where the packet stopped. */
  readonly at?: WorldNamespace;
  /** A param that is listed when the same finding comes with several values of it: one stale Service, three addresses. */
  readonly listed?: string;
  readonly remedy: {
    readonly command: string | null;
    readonly on: string | null;
    readonly en: string;
    readonly zh: string;
  } | null;
  /** null: nothing can be assumed changed; what lies behind the blocker is not looked at. */
  readonly patch: ((before: Patched) => Patched) | null;
}

export type Situation<K extends Cause['kind'] = Cause['kind']> = SituationWith<Extract<Cause, { kind: K }>>;

interface SituationWith<C extends Cause> {
  readonly world: World;
  readonly flow: Flow;
  /** For what is found out by simulating again. */
  readonly budget: Budget;
  readonly stop: Stop;
  readonly cause: C;
  readonly branch: EvaluatedBranch['branch'];
  /** The namespace where it stopped; undefined outside and for what was not collected. */
  readonly ns: WorldNamespace | undefined;
}

export const change = (ns: WorldNamespace | undefined, edit: (state: NetnsState) => NetnsState): Derived['patch'] =>
  ns ? (before) => ({ ...before, world: patchNamespace(before.world, ns.key, edit) }) : null;

/** `node-2`, `shop/web-1`: as a reader knows it, and as the place where a command is run. */
export function nameOf(ns: WorldNamespace | undefined): string {
  if (!ns) return 'the network outside';
  return ns.pod ? `${ns.pod.namespace}/${ns.pod.name}` : ns.node;
}

export const onPlace = (ns: WorldNamespace | undefined): string | null => (ns ? nameOf(ns) : null);

export function ownerName(world: World, address: IpAddress, node: string | null): string {
  const pod = world.podByAddress.get(address);
  if (pod) return `${pod.namespace}/${pod.name}`;
  return node ?? formatIp(address);
}
