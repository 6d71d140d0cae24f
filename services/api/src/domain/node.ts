/** A node's document. Silence and absence are told apart: an agent that is not heard, and one that has nothing to tell. */
import type { BudgetReport, ConfigurationReport, NodeDocument, SpoolReport } from '@netverdict/contracts';
import type { StoredAgent } from '@netverdict/store';

/** Heartbeats come every five seconds: three of them are missing. */
const SILENT_MS = 20_000;
const QUIET_MS = 5 * 60_000;

export function stateOf({ lastSeen, lastBatchAt }: StoredAgent, nowMs: number): NodeDocument['state'] {
  if (nowMs - Date.parse(lastSeen) > SILENT_MS) return 'silent';
  return lastBatchAt !== null && nowMs - Date.parse(lastBatchAt) <= QUIET_MS ? 'reporting' : 'quiet';
}

export function nodeDocument(agent: StoredAgent, nowMs: number): NodeDocument {
  const { cluster, node, firstSeen, lastSeen, lastBatchAt, version, kernel, epoch } = agent;
  const details = (agent.details ?? {}) as {
    budget?: BudgetReport;
    configuration?: ConfigurationReport;
    spool?: SpoolReport;
  };
  return {
    ...{ cluster, node, firstSeen, lastSeen, lastBatchAt, version, kernel, epoch },
    state: stateOf(agent, nowMs),
    silentMs: Math.max(0, nowMs - Date.parse(lastSeen)),
    capabilities: [...agent.capabilities],
    watch: agent.watch ?? null,
    probes: [...(agent.probes ?? [])],
    budget: details.budget ?? null,
    spool: details.spool ?? null,
    configuration: details.configuration ?? null,
  };
}
