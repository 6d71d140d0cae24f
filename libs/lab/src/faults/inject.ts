/** Injects and heals. The inverse is on disk before the first change is made: a crash in between can be healed too. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findPod } from '../cluster/find.ts';
import { LabError } from '../errors.ts';
import { type NodePlan, planNodes } from '../spec.ts';
import { faultsDirOf, type LabState, writeAtomically } from '../state.ts';
import type { Fault, FaultArg, FaultArgs, FaultContext } from './fault.ts';
import { type Operation, perform, undo } from './operation.ts';
import { FAULTS, type FaultName, faultNames, isFaultName } from './registry.ts';

export type { FaultArgs } from './fault.ts';

export interface ActiveFault {
  readonly id: string;
  readonly name: FaultName;
  /** With the defaults filled in. */
  readonly args: FaultArgs;
  /** What was done. */
  readonly description: string;
  readonly since: string;
}

interface StoredFault extends ActiveFault {
  readonly undo: readonly Operation[];
}

export async function injectFault(state: LabState, name: string, given: FaultArgs): Promise<ActiveFault> {
  if (!isFaultName(name)) throw new LabError(`no fault ${name} (there are: ${faultNames.join(', ')})`);
  const fault = FAULTS[name];
  const { spec } = state;
  if (fault.cni !== undefined && !fault.cni.includes(spec.cni))
    throw new LabError(`${name} needs ${fault.cni.join(' or ')}; lab ${spec.name} has ${spec.cni}`);
  const args = argsOf(name, fault, given);
  const already = activeFaults(spec.name).find((active) => active.name === name && same(active.args, args));
  if (already !== undefined) throw new LabError(`${name} is active already (${already.id})`);
  const context = contextOf(state, args);
  const plan = fault.plan(context);
  const stored: StoredFault = {
    id: nextId(spec.name, name),
    name,
    args,
    description: fault.describe(context),
    since: new Date().toISOString(),
    undo: plan.undo,
  };
  writeAtomically(fileOf(spec.name, stored.id), stored);
  try {
    for (const operation of plan.apply) await perform(state, operation);
  } catch (error) {
    await healFault(state, stored);
    throw error;
  }
  return publicPart(stored);
}

export async function healFault(state: LabState, { id }: { readonly id: string }): Promise<void> {
  const file = fileOf(state.spec.name, id);
  const stored = JSON.parse(readFileSync(file, 'utf8')) as StoredFault;
  for (const operation of stored.undo) await undo(state, operation);
  rmSync(file, { force: true });
}

/** The oldest first. */
export function activeFaults(lab: string): readonly ActiveFault[] {
  const dir = faultsDirOf(lab);
  const files = readdirSync(dir).filter((file) => file.endsWith('.json'));
  return files
    .map((file) => publicPart(JSON.parse(readFileSync(join(dir, file), 'utf8')) as StoredFault))
    .sort((a, b) => a.since.localeCompare(b.since) || a.id.localeCompare(b.id));
}

const publicPart = ({ id, name, args, description, since }: StoredFault): ActiveFault => ({
  id,
  name,
  args,
  description,
  since,
});

const fileOf = (lab: string, id: string): string => {
  if (!/^[a-z0-9-]+$/.test(id)) throw new LabError(`not a fault's id: ${id}`);
  return join(faultsDirOf(lab), `${id}.json`);
};

function nextId(lab: string, name: string): string {
  const taken = new Set(activeFaults(lab).map(({ id }) => id));
  for (let number = 1; ; number++) if (!taken.has(`${name}-${number}`)) return `${name}-${number}`;
}

function argsOf(name: FaultName, fault: Fault, given: FaultArgs): FaultArgs {
  const takes = Object.keys(fault.args) as FaultArg[];
  const extra = Object.keys(given).filter((arg) => !takes.includes(arg as FaultArg));
  if (extra.length > 0)
    throw new LabError(
      `${name} takes ${takes.length === 0 ? 'no arguments' : takes.join(' and ')}, not ${extra.join(', ')}`,
    );
  return { ...fault.args, ...given };
}

const same = (a: FaultArgs, b: FaultArgs): boolean => a.node === b.node && a.pod === b.pod && a.peer === b.peer;

function contextOf(state: LabState, args: FaultArgs): FaultContext {
  const nodes = planNodes(state.spec);
  const pod = findPod(state.pods, args.pod ?? 'default/web-2');
  const context = {
    state,
    spec: state.spec,
    nodes,
    node: findNode(nodes, args.node ?? pod.node),
    peer: findNode(nodes, args.peer ?? pod.node),
    pod,
    podNode: findNode(nodes, pod.node),
  };
  if (args.peer !== undefined && context.peer.name === context.node.name)
    throw new LabError(`${args.peer} is no peer of itself`);
  return context;
}

function findNode(nodes: readonly NodePlan[], name: string): NodePlan {
  const node = nodes.find((candidate) => candidate.name === name);
  if (node === undefined) throw new LabError(`no node ${name} (there are: ${nodes.map((n) => n.name).join(', ')})`);
  return node;
}
