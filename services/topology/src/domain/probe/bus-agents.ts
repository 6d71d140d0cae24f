/** The agents' live probes over the bus. */

import { randomUUID } from 'node:crypto';
import type { MeasuredHistogram, Sighting } from '@netverdict/contracts';
import { type Bus, NoResponder } from '@netverdict/messaging';
import type { ProbingAgents } from './live-probe.ts';

export function probingAgents(bus: Bus, cluster: string): ProbingAgents {
  const idOf = (what: string, node: string): string => `${what}/${cluster}/${node}/${randomUUID()}`;
  const explained = (node: string, error: unknown): Error =>
    error instanceof NoResponder
      ? new Error(`no agent answers on ${node}`, { cause: error })
      : error instanceof Error
        ? error
        : new Error(String(error));
  return {
    async probe(node, request, timeoutMs) {
      try {
        const options = { timeoutMs, id: idOf('probe', node) };
        for await (const answer of bus.requestStream('probe', { cluster, node }, request, options)) {
          if (answer.kind === 'error') throw new Error(answer.message);
          return answer;
        }
      } catch (error) {
        throw explained(node, error);
      }
      throw new Error(`the agent of ${node} did not answer`);
    },
    async follow(node, request, timeoutMs) {
      const sightings: Sighting[] = [];
      let lost = 0;
      try {
        const options = { timeoutMs, id: idOf('follow', node) };
        for await (const answer of bus.requestStream('follow', { cluster, node }, request, options)) {
          if (answer.kind === 'error') throw new Error(answer.message);
          if (answer.kind === 'began') continue;
          sightings.push(...answer.sightings);
          lost += answer.lost;
        }
      } catch (error) {
        throw explained(node, error);
      }
      return { sightings, lost };
    },
    async measure(node, request, timeoutMs) {
      const histograms: MeasuredHistogram[] = [];
      try {
        const options = { timeoutMs, id: idOf('measure', node) };
        for await (const answer of bus.requestStream('measure', { cluster, node }, request, options)) {
          if (answer.kind === 'error') throw new Error(answer.message);
          if (answer.kind === 'measured') histograms.push(...answer.histograms);
        }
      } catch (error) {
        throw explained(node, error);
      }
      return histograms;
    },
  };
}
