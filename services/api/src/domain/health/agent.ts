/** An agent's document, in the list of all of them. */
import type { AgentDocument } from '@netverdict/contracts';
import type { StoredAgent } from '@netverdict/store';
import { stateOf } from '../node.ts';

export function agentDocument(agent: StoredAgent, nowMs: number): AgentDocument {
  const { cluster, node, version, kernel, epoch, capabilities, firstSeen, lastSeen, watch } = agent;
  const { clockOffsetMs } = (agent.details ?? {}) as { readonly clockOffsetMs?: number };
  return {
    ...{ cluster, node, version, kernel, epoch, firstSeen, lastSeen },
    capabilities: [...capabilities],
    silentMs: Math.max(0, nowMs - Date.parse(lastSeen)),
    state: stateOf(agent, nowMs),
    clockOffsetMs: clockOffsetMs ?? null,
    watch: watch ?? null,
  };
}
