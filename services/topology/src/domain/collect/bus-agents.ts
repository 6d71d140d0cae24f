/** The agents as the bus reaches them. */
import { randomUUID } from 'node:crypto';
import { type Bus, NoResponder } from '@netverdict/messaging';
import type { Agents } from './ports.ts';

/** The agent is given a little less than we wait, so that its partial answer arrives in time. */
const MARGIN_MS = 250;

export function busAgents(bus: Bus, cluster: string): Agents {
  return {
    async *collect(node, request, timeoutMs) {
      const body = { ...request, deadlineMs: Math.max(1, request.deadlineMs - MARGIN_MS) };
      const options = { timeoutMs, id: `collect/${cluster}/${node}/${randomUUID()}` };
      let ended = false;
      try {
        for await (const chunk of bus.requestStream('collect', { cluster, node }, body, options)) {
          ended ||= chunk.kind === 'end';
          yield chunk;
        }
      } catch (error) {
        throw error instanceof NoResponder ? new Error(`no agent answers for ${node}`, { cause: error }) : error;
      }
      // The stream's own end mark says that nothing was lost; an agent need not send `end` besides.
      if (!ended) yield { kind: 'end' };
    },
  };
}
