/** The clusters as they are seen: by the agents that were heard of, and the topologies that are heard. */
import type { AgentDocument, ClusterDocument, ServiceReplica } from '@netverdict/contracts';

export function clustersOf(agents: readonly AgentDocument[], services: readonly ServiceReplica[]): ClusterDocument[] {
  const topologies = services.filter(({ service, state }) => service === 'topology' && state === 'running');
  const names = new Set([...agents, ...topologies].flatMap(({ cluster }) => cluster ?? []));
  return [...names].sort().map((name) => {
    const own = agents.filter(({ cluster }) => cluster === name);
    const count = (state: AgentDocument['state']): number => own.filter((agent) => agent.state === state).length;
    const serving = topologies.filter(({ cluster }) => cluster === name).length;
    return {
      name,
      state: serving > 0 ? 'served' : 'unserved',
      nodes: own.length,
      agents: { reporting: count('reporting'), quiet: count('quiet'), silent: count('silent') },
      versions: [...new Set(own.map(({ version }) => version))].sort(),
      topologies: serving,
      lastSeen:
        own
          .map(({ lastSeen }) => lastSeen)
          .sort()
          .at(-1) ?? null,
    };
  });
}
