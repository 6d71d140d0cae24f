/** PUT and GET /api/v1/agent-configuration: what the agents' probes do, on one node, some or all, and who changed it when. */
import {
  AgentConfigurationChange,
  type AgentConfigurationDocument,
  type AgentConfigurationHistory,
  ref,
} from '@netverdict/contracts';
import type { ConfiguredNode } from '@netverdict/store';
import Type from 'typebox';
import type { Dependencies, Server } from '../app.ts';
import { checkConfiguration, effective } from '../domain/agent-configuration.ts';
import { decodeCursor, encodeCursor } from '../domain/cursor.ts';
import { checkNames } from '../domain/known-names.ts';
import { EVERYWHERE } from '../http/authority.ts';
import { invalidRequest, ProblemError } from '../http/problems.ts';
import { errors, PageQuery, text } from './schemas.ts';

const PATH = '/api/v1/agent-configuration';
const Cluster = { cluster: Type.Optional(text('which cluster; the default one when absent')) };

function document(cluster: string, current: readonly ConfiguredNode[], node?: string): AgentConfigurationDocument {
  return {
    cluster,
    version: Math.max(0, ...current.map(({ version }) => version)),
    all: current.find((one) => one.node === null)?.probes ?? {},
    nodes: Object.fromEntries(
      current.flatMap((one) =>
        one.node === null || Object.keys(one.probes).length === 0 ? [] : [[one.node, one.probes] as const],
      ),
    ),
    ...(node === undefined ? {} : { effective: effective(current, node) }),
  };
}

function versionBefore(cursor: string | undefined): number | null {
  if (cursor === undefined) return null;
  const version = Number(decodeCursor(cursor, 1)?.[0]);
  if (Number.isInteger(version)) return version;
  throw invalidRequest([
    { pointer: 'cursor', detail: 'is not a cursor of this list', expected: 'nextCursor of the page before' },
  ]);
}

export function agentConfigurationRoutes(
  app: Server,
  { store, token, configuration, defaultCluster, log }: Dependencies,
): void {
  const stored = store.agentConfiguration;

  app.get(
    PATH,
    {
      schema: {
        operationId: 'getAgentConfiguration',
        summary: 'What the probes of the agents are configured to do',
        tags: ['monitoring'],
        querystring: Type.Object(
          { ...Cluster, node: Type.Optional(text('also what this node is to run, all taken together')) },
          { additionalProperties: false },
        ),
        response: { 200: ref<AgentConfigurationDocument>('AgentConfiguration'), ...errors(400, 401, 503) },
      },
    },
    async ({ query: { cluster = defaultCluster, node } }) => document(cluster, await stored.current(cluster), node),
  );

  app.put(
    PATH,
    {
      schema: {
        operationId: 'setAgentConfiguration',
        summary: 'Configure the probes of one node, some or all; applied within seconds, kept over restarts',
        description:
          'Replaces all that was set before for the nodes that are named, or for all of the cluster; empty `probes` take it back. Each change is kept with who made it.',
        tags: ['monitoring'],
        body: AgentConfigurationChange,
        response: {
          200: ref<AgentConfigurationDocument>('AgentConfiguration'),
          ...errors(400, 401, 404, 409, 415, 503),
        },
      },
    },
    async (request) => {
      const body = request.body as AgentConfigurationChange;
      const { cluster = defaultCluster, nodes = null, probes, ifVersion = null, reason = null } = body;
      const wrong = checkConfiguration(body);
      if (wrong.length > 0) throw invalidRequest(wrong);
      // What was set for a node that is gone can be taken back.
      if (Object.keys(probes).length > 0)
        for (const node of nodes ?? []) await checkNames(store.knownNames, { cluster, node }, EVERYWHERE);
      const changedBy = token.check(request).tokenId;
      const change = { cluster, nodes, probes, ifVersion, reason: reason?.replaceAll('\0', '') ?? null, changedBy };
      const { version, changed } = await stored.change(change);
      if (!changed)
        throw new ProblemError({
          type: 'version-conflict',
          status: 409,
          title: 'Another change came before',
          detail: `Version ${version} is in force, not ${ifVersion}. Read it, then set again.`,
        });
      request.log.info(
        { cluster, nodes, probes, version, changedBy, reason },
        'the configuration of agents was changed',
      );
      // Who is not told now is told by its next heartbeat.
      await configuration
        .changed(cluster)
        .catch((err: unknown) => log.warn({ err, cluster }, 'agents could not be told of a change yet'));
      return document(cluster, await stored.current(cluster), nodes?.length === 1 ? nodes[0] : undefined);
    },
  );

  app.get(
    `${PATH}/history`,
    {
      schema: {
        operationId: 'listAgentConfigurationChanges',
        summary: 'Who configured what when, newest first',
        tags: ['monitoring'],
        querystring: Type.Object({ ...Cluster, ...PageQuery }, { additionalProperties: false }),
        response: { 200: ref<AgentConfigurationHistory>('AgentConfigurationHistory'), ...errors(400, 401, 503) },
      },
    },
    async ({ query: { cluster = defaultCluster, cursor, limit = 50 } }) => {
      const rows = await stored.history({ cluster, before: versionBefore(cursor), limit: limit + 1 });
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      return {
        items: page.map((change) => ({ ...change, nodes: change.nodes === null ? null : [...change.nodes] })),
        nextCursor: rows.length > limit && last !== undefined ? encodeCursor([`${last.version}`]) : null,
      };
    },
  );
}
