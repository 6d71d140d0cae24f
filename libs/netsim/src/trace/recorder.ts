/** Collects the hops and steps of one run. Steps of the same place and direction that follow each other are one hop. */
import type { Direction, Hop, Step } from '@netverdict/verdict';
import { type Packet, viewOf } from '../packet/packet.ts';

export interface Place {
  readonly key: string;
  readonly node: string | null;
  readonly kind: Hop['kind'];
}

export const WIRE: Place = { key: 'wire', node: null, kind: 'wire' };
export const OUTSIDE: Place = { key: 'outside', node: null, kind: 'outside' };

export type StepInput = Omit<Step, 'detail' | 'packet'> & {
  readonly detail?: Step['detail'];
  readonly packet?: Packet;
};

export class Recorder {
  readonly #hops: { place: Place; direction: Direction; steps: Step[] }[] = [];

  add(place: Place, direction: Direction, input: StepInput): void {
    const last = this.#hops[this.#hops.length - 1];
    const step = makeStep(input);
    if (last && last.place.key === place.key && last.direction === direction) last.steps.push(step);
    else this.#hops.push({ place, direction, steps: [step] });
  }

  hops(): Hop[] {
    return this.#hops.map(({ place, direction, steps }) => ({
      place: place.key,
      node: place.node,
      kind: place.kind,
      direction,
      steps,
    }));
  }
}

export function makeStep(input: StepInput): Step {
  const { evidence, steps, packet } = input;
  const step: { -readonly [K in keyof Step]: Step[K] } = {
    kind: input.kind,
    text: input.text,
    action: input.action,
    detail: input.detail ?? {},
  };
  // By hand: a spread for each that may be missing costs more than all the rest of a step.
  if (evidence !== undefined) step.evidence = evidence;
  if (steps !== undefined) step.steps = steps;
  if (packet !== undefined) step.packet = viewOf(packet);
  return step;
}
