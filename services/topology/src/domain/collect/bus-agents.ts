/** The agents as the bus reaches them. */
import { randomUUID } from 'node:crypto';
import { type Bus, ConnectionLost, NoResponder } from '@netverdict/messaging';
import type { Agents } from './ports.ts';

/** The agent is given a little less than we wait, so that its partial answer arrives in time. */
const MARGIN_MS = 250;

/**
 * After a restart of NATS or of an agent nobody listens for a moment. An agent that answered when it was last asked is
 * waited for so long; one that was silent already makes the node unavailable at once.
 */
const COMING_BACK_MS = 3000;
const RETRY_MS = 50;

export function busAgents(bus: Bus, cluster: string): Agents {
  const silent = new Set<string>();
  let outages = 0;
  /** Our clock, when NATS was last there again: the agents come back to it after us, each in its own time. */
  let backAt = 0;
  bus.onDisconnect(() => {
    outages++;
    // Who did not answer for want of a way is not silent.
    silent.clear();
  });
  bus.onReconnect(() => {
    backAt = performance.now();
  });
  return {
    outages: () => outages,
    async *collect(node, request, timeoutMs) {
      const began = performance.now();
      const left = (): number => timeoutMs - (performance.now() - began);
      const patience = silent.has(node) ? 0 : Math.min(COMING_BACK_MS, timeoutMs * 0.75);
      let ended = false;
      for (let answered = false; !answered; ) {
        const body = {
          ...request,
          deadlineMs: Math.max(1, Math.floor(request.deadlineMs - (performance.now() - began) - MARGIN_MS)),
        };
        const before = outages;
        const options = { timeoutMs: left(), id: `collect/${cluster}/${node}/${randomUUID()}` };
        try {
          for await (const chunk of bus.requestStream('collect', { cluster, node }, body, options)) {
            ended ||= chunk.kind === 'end';
            yield chunk;
          }
          answered = true;
          silent.delete(node);
        } catch (error) {
          // Asked while NATS is away: the question was not sent. An answer that broke off is asked for again by the reader.
          const away = error instanceof ConnectionLost && !bus.connected() && outages === before;
          if (!away && !(error instanceof NoResponder)) throw error;
          if (away ? left() <= RETRY_MS : performance.now() - Math.max(began, backAt) > patience) {
            if (!away) silent.add(node);
            throw new Error(`no agent answers for ${node}`, { cause: error });
          }
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        }
      }
      // The stream's own end mark says that nothing was lost; an agent need not send `end` besides.
      if (!ended) yield { kind: 'end' };
    },
  };
}
