/** GET /version, /api/v1/health, /api/v1/agents and /api/v1/clusters: what is installed, and whether it works. */
import { VERSION } from '@netverdict/configuration';
import {
  type AgentDocument,
  type ClusterDocument,
  type InstallationHealth,
  ref,
  type VersionDocument,
} from '@netverdict/contracts';
import Type from 'typebox';
import type { Dependencies, Server } from '../app.ts';
import { agentDocument } from '../domain/health/agent.ts';
import { checkInstallation, worst } from '../domain/health/checks.ts';
import { clustersOf } from '../domain/health/clusters.ts';
import { errors, text } from './schemas.ts';

const NO_QUERY = Type.Object({}, { additionalProperties: false });
const OF_CLUSTER = Type.Object(
  { cluster: Type.Optional(text('only of this cluster')) },
  { additionalProperties: false },
);

export function installationRoutes(
  app: Server,
  { store, roll, dependencies, deadLetters, defaultCluster, log }: Dependencies,
): void {
  const agents = async (filter: { readonly cluster?: string }): Promise<AgentDocument[]> => {
    const nowMs = Date.now();
    return (await store.agents.list(filter)).map((agent) => agentDocument(agent, nowMs));
  };

  app.get(
    '/version',
    {
      schema: {
        operationId: 'getVersion',
        summary: 'Which version answers',
        tags: ['health'],
        security: [],
        response: { 200: ref<VersionDocument>('Version') },
      },
    },
    (): VersionDocument => ({ version: VERSION, api: 'v1', node: process.version }),
  );

  app.get(
    '/api/v1/health',
    {
      schema: {
        operationId: 'getHealth',
        summary: 'The services, engines and clusters of this installation, what is wrong with them, and what to do',
        description: 'Answers with 200 whatever is wrong: /readyz is for load balancers.',
        tags: ['health'],
        querystring: NO_QUERY,
        response: { 200: ref<InstallationHealth>('InstallationHealth'), ...errors(400, 401) },
      },
    },
    async (): Promise<InstallationHealth> => {
      const needed = await dependencies();
      const known = await agents({}).catch((err: unknown) => {
        log.warn({ err }, 'the agents cannot be read');
        return null;
      });
      // Whatever goes wrong with it, it is that they are not known.
      const letters =
        (await deadLetters()
          ?.count()
          .catch(() => null)) ?? null;
      const services = roll.list();
      const checks = checkInstallation({
        ...{ version: VERSION, dependencies: needed, services, agents: known, defaultCluster },
        settled: roll.settled(),
        deadLetters: letters,
      });
      return {
        ...{ state: worst(checks), version: VERSION, at: new Date().toISOString(), checks, services },
        clusters: known === null ? null : clustersOf(known, services),
      };
    },
  );

  app.get(
    '/api/v1/agents',
    {
      schema: {
        operationId: 'listAgents',
        summary: 'The agents that have been heard of: version, kernel, what they can do, and whether they are heard',
        tags: ['monitoring'],
        querystring: OF_CLUSTER,
        response: { 200: ref<{ items: AgentDocument[] }>('AgentList'), ...errors(400, 401, 503) },
      },
    },
    async ({ query }) => ({ items: await agents(query) }),
  );

  app.get(
    '/api/v1/clusters',
    {
      schema: {
        operationId: 'listClusters',
        summary: 'The clusters as they are seen: nodes, agents, and whether a topology serves them',
        tags: ['monitoring'],
        querystring: OF_CLUSTER,
        response: { 200: ref<{ items: ClusterDocument[] }>('ClusterList'), ...errors(400, 401, 503) },
      },
    },
    async ({ query }) => ({
      items: clustersOf(await agents(query), roll.list()).filter(
        ({ name }) => query.cluster === undefined || name === query.cluster,
      ),
    }),
  );
}
