/** Recorded worlds as a mutant's process takes them: parsed already (the parsers are not mutated), one file each. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { compare } from '../compare/agree.ts';
import type { RecordedWorld } from '../corpus/corpus.ts';
import { predict } from '../model/predict.ts';
import { type Modelled, modelOfParsed, type ParsedNamespace, parseCollected } from '../model/world.ts';

export interface StoredWorld {
  readonly id: string;
  readonly namespaces: readonly ParsedNamespace[];
  readonly flows: RecordedWorld['flows'];
}

const fileOf = (folder: string, index: number): string => join(folder, `${index}.world`);

export function storedOf({ id, collected, flows }: RecordedWorld): StoredWorld {
  return { id, namespaces: parseCollected(collected), flows: flows.map(fewerAttempts) };
}

/** Shares were judged when the world was recorded: a mutant of them shows in a few, and a hundred take as long as a hundred flows. */
const MOST_ATTEMPTS = 40;

function fewerAttempts({ flow, observations }: RecordedWorld['flows'][number]): RecordedWorld['flows'][number] {
  if (flow.repeat <= MOST_ATTEMPTS) return { flow, observations };
  return { flow: { ...flow, repeat: MOST_ATTEMPTS }, observations: observations.slice(0, MOST_ATTEMPTS) };
}

export function store(folder: string, index: number, world: StoredWorld): void {
  writeFileSync(fileOf(folder, index), serialize(world));
}

export const load = (folder: string, index: number): StoredWorld =>
  deserialize(readFileSync(fileOf(folder, index))) as StoredWorld;

export const modelOfStored = ({ namespaces }: StoredWorld): Modelled => modelOfParsed(namespaces);

/** Does the model say what the kernel did? */
export function isTold(model: Modelled, { flow, observations }: StoredWorld['flows'][number]): boolean {
  const predictions = Array.from({ length: flow.repeat }, (_, attempt) => predict(model, flow, attempt));
  return compare(predictions, observations).kind === 'agrees';
}
