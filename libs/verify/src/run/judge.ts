/** One world: brought up, collected, its packets sent, the model asked, both compared. */

import { trackedAddresses } from '../kernel/connections.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { isRouteError } from '../kernel/route-errors.ts';
import type { FeatureCounts } from '../model/decisive.ts';
import { type PredictedBranch, type Prediction, predict } from '../model/predict.ts';
import { type CollectedNamespace, modelOf } from '../model/world.ts';
import type { FlowSpec, WorldSpec } from '../world/spec.ts';
import { type JudgedFlow, judgeFlow, predictOrSay } from './judge-flow.ts';

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
    const model = modelOf(collected, trackedAddresses(spec));
    const flows: JudgedFlow[] = [];
    let packets = 0;
    for (const asked of spec.flows) {
      const prediction = predictOrSay(() => (counts ? counts.predict(model, asked) : predict(model, asked)));
      const repeat = 'threw' in prediction ? 1 : repetitions(prediction);
      const flow = { ...asked, repeat: Math.max(asked.repeat, repeat) };
      const sending = performance.now();
      const observations = await world.observe(
        flow,
        'branches' in prediction ? toldOfRoutes(prediction, flow, spec) : new Map(),
      );
      packets += performance.now() - sending;
      const predictAgain = (attempt: number): Prediction => predict(model, flow, attempt);
      flows.push(judgeFlow({ flow, first: prediction, predictAgain, observations }));
    }
    return {
      spec,
      collected,
      flows,
      ms: { up: up - started, collect: read - up, packets, model: performance.now() - read - packets },
    };
  } finally {
    await world.close();
  }
}

/**
 * Who is told of routes, and counted as told how often: the sender about its packet, or who answers about the answer. And the address,
 * which may be another's by then.
 */
function toldOfRoutes(
  { branches }: Prediction,
  { from, family }: FlowSpec,
  { namespaces }: WorldSpec,
): Map<string, number> {
  const told = new Map<string, number>();
  const note = (name: string, times: number): unknown => told.set(name, Math.max(times, told.get(name) ?? 0));
  const tunnels = namespaces.some(({ links }) => links.some((line) => line.includes(' type vxlan ')));
  for (const branch of branches) {
    if (family === 'ipv4') {
      const { told: error, toldOfAnswer: answerer } = branch;
      if (error !== null && isRouteError(error)) for (const who of [from, error.to]) note(who, error.times);
      if (answerer !== null && isRouteError(answerer)) note(answerer.namespace, answerer.times);
    }
    if (tunnels && mayStray(branch)) for (const { name } of namespaces) note(name, 1);
  }
  return told;
}

/**
 * Something was refused, and nobody hears of it: it may be an error about a tunnel's packet, which the model does not follow. Where
 * that is lost for want of a route, it is paid for like one that is told (ip_error).
 */
const mayStray = ({ heard, told, disposition }: PredictedBranch): boolean =>
  heard.kind === 'silence' && (told !== null || ['refused', 'rejected', 'tunnel-lost'].includes(disposition));

type Running = Awaited<ReturnType<Kernel['bringUp']>>;

async function collect(world: Running, spec: WorldSpec): Promise<CollectedNamespace[]> {
  const sections = await world.collect(spec.flows);
  return [...world.namespaces].map(([name, { inode }]) => ({ name, inode, sections: sections.get(name) ?? [] }));
}

/** Where the model says that lots are drawn, one packet shows one outcome only. */
const REPETITIONS = 100;
const repetitions = ({ branches, unknowns }: Prediction): number =>
  branches.length > 1 && unknowns.length === 0 ? REPETITIONS : 1;
