/** One world: brought up, collected, its packets sent, the model asked, both compared. */

import { type Comparison, compare } from '../compare/agree.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { FeatureCounts } from '../model/decisive.ts';
import { type Prediction, predict } from '../model/predict.ts';
import { type CollectedNamespace, type Modelled, modelOf } from '../model/world.ts';
import type { Observation } from '../world/observation.ts';
import type { FlowSpec, WorldSpec } from '../world/spec.ts';

export interface JudgedFlow {
  readonly flow: FlowSpec;
  readonly predictions: readonly Prediction[];
  readonly observations: readonly Observation[];
  readonly comparison: Comparison;
}

export interface JudgedWorld {
  readonly spec: WorldSpec;
  readonly collected: readonly CollectedNamespace[];
  readonly flows: readonly JudgedFlow[];
  readonly ms: { readonly up: number; readonly collect: number; readonly packets: number; readonly model: number };
}

/** @throws WorldRefused when a tool does not take one of the world's lines */
export async function judge(kernel: Kernel, spec: WorldSpec, counts: FeatureCounts | null): Promise<JudgedWorld> {
  const started = performance.now();
  const world = await kernel.bringUp(spec);
  try {
    const up = performance.now();
    const collected = await collect(world, spec);
    const read = performance.now();
    const observed: Observation[][] = [];
    for (const flow of spec.flows) observed.push([...(await world.observe(flow))]);
    const sent = performance.now();
    const flows = judgeFlows(spec.flows, observed, modelOf(collected), counts);
    return {
      spec,
      collected,
      flows,
      ms: { up: up - started, collect: read - up, packets: sent - read, model: performance.now() - sent },
    };
  } finally {
    await world.close();
  }
}

type Running = Awaited<ReturnType<Kernel['bringUp']>>;

async function collect(world: Running, spec: WorldSpec): Promise<CollectedNamespace[]> {
  const sections = await world.collect(spec.flows);
  return [...world.namespaces].map(([name, { inode }]) => ({ name, inode, sections: sections.get(name) ?? [] }));
}

export function judgeFlows(
  flows: readonly FlowSpec[],
  observed: readonly (readonly Observation[])[],
  model: Modelled,
  counts: FeatureCounts | null,
): JudgedFlow[] {
  return flows.map((flow, i) => {
    const observations = observed[i] ?? [];
    const first = counts ? counts.predict(model, flow) : predict(model, flow);
    const predictions = [first];
    for (let attempt = 1; attempt < flow.repeat; attempt++) predictions.push(predict(model, flow, attempt));
    return { flow, predictions, observations, comparison: compare(predictions, observations) };
  });
}
