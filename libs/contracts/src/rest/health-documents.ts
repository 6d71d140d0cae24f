/** The installation as REST shows it: its services, engines and clusters, and what is wrong with them. */
import Type, { type Static } from 'typebox';
import { Dependency, ServiceName } from '../messages/service-heartbeat.ts';
import { nullable, ref } from './verdict-schemas.ts';

const Instant = Type.String({ format: 'date-time' });

export const ClusterDocument = Type.Object(
  {
    name: Type.String(),
    state: Type.Union([Type.Literal('served'), Type.Literal('unserved')], {
      description: 'unserved: no topology of it is heard, so that nothing in it can be diagnosed',
    }),
    nodes: Type.Integer({ description: 'nodes of which an agent was ever heard' }),
    agents: Type.Object({ reporting: Type.Integer(), quiet: Type.Integer(), silent: Type.Integer() }),
    versions: Type.Array(Type.String(), { description: 'of its agents' }),
    topologies: Type.Integer({ description: 'replicas that are heard' }),
    lastSeen: nullable(Type.String({ format: 'date-time', description: 'the last heartbeat of any agent of it' })),
  },
  { $id: 'Cluster' },
);
export type ClusterDocument = Static<typeof ClusterDocument>;

export const ClusterList = Type.Object({ items: Type.Array(ref<ClusterDocument>('Cluster')) }, { $id: 'ClusterList' });
export type ClusterList = Static<typeof ClusterList>;

export const ServiceReplica = Type.Object(
  {
    service: ServiceName,
    cluster: nullable(Type.String({ description: 'null: it serves all' })),
    replica: Type.String({ description: 'new on each start' }),
    state: Type.Union([Type.Literal('running'), Type.Literal('silent')]),
    version: Type.String(),
    startedAt: Instant,
    lastSeen: Instant,
    silentMs: Type.Integer(),
    clockOffsetMs: Type.Integer({ description: 'how far its clock is ahead of that of the replica that answers' }),
    dependencies: Type.Array(Dependency),
  },
  { $id: 'ServiceReplica' },
);
export type ServiceReplica = Static<typeof ServiceReplica>;

export const HealthCheck = Type.Object(
  {
    name: Type.String({ examples: ['postgresql', 'topology of prod', 'clocks'] }),
    state: Type.Union(
      [Type.Literal('passed'), Type.Literal('warning'), Type.Literal('failed'), Type.Literal('unknown')],
      { description: 'unknown: what is needed to tell does not answer' },
    ),
    detail: Type.String(),
    remedy: nullable(Type.String({ description: 'what to do' })),
  },
  { $id: 'HealthCheck' },
);
export type HealthCheck = Static<typeof HealthCheck>;

export const InstallationHealth = Type.Object(
  {
    state: HealthCheck.properties.state,
    version: Type.String({ description: 'of the replica that answers' }),
    at: Instant,
    checks: Type.Array(ref<HealthCheck>('HealthCheck'), { description: 'what is wrong first' }),
    services: Type.Array(ref<ServiceReplica>('ServiceReplica')),
    clusters: nullable(Type.Array(ref<ClusterDocument>('Cluster'), { description: 'null: the store does not answer' })),
  },
  { $id: 'InstallationHealth' },
);
export type InstallationHealth = Static<typeof InstallationHealth>;

export const VersionDocument = Type.Object(
  { version: Type.String(), api: Type.Literal('v1'), node: Type.String({ description: 'of Node.js' }) },
  { $id: 'Version' },
);
export type VersionDocument = Static<typeof VersionDocument>;
