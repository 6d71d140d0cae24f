/** What the agents' probes are configured to: asked, set, and who set what when. */
import Type, { type Static } from 'typebox';
import { ProbeSettings, ProbeSettingsByName } from '../messages/agent-configuration.ts';
import { CONFIGURABLE_PROBES } from '../probes.ts';
import { nullable, ref } from './verdict-schemas.ts';

const Cluster = Type.String({ minLength: 1, maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' });
const NodeName = Type.String({ pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$', maxLength: 253 });

/** One optional field per probe, so that a name that is none is refused with those that are. */
const Probes = Type.Object(
  Object.fromEntries(Object.keys(CONFIGURABLE_PROBES).map((name) => [name, Type.Optional(ProbeSettings)])),
  { additionalProperties: false, description: 'by probe; what is not named is as the probe has it by default' },
);

export const AgentConfigurationChange = Type.Object(
  {
    cluster: Type.Optional(Cluster),
    nodes: Type.Optional(
      Type.Array(NodeName, {
        minItems: 1,
        maxItems: 1000,
        uniqueItems: true,
        description: 'only these; absent: all nodes of the cluster that have nothing of their own for a setting',
      }),
    ),
    probes: Probes,
    ifVersion: Type.Optional(
      Type.Integer({ minimum: 0, description: 'refused with 409 where another version is in force already' }),
    ),
    reason: Type.Optional(Type.String({ maxLength: 500, description: 'kept with the change' })),
  },
  {
    $id: 'AgentConfigurationChange',
    additionalProperties: false,
    description: 'Replaces all that was set for these nodes, or for all of the cluster; empty probes take it back',
  },
);
export type AgentConfigurationChange = Omit<Static<typeof AgentConfigurationChange>, 'probes'> & {
  readonly probes: ProbeSettingsByName;
};

export const AgentConfigurationDocument = Type.Object(
  {
    cluster: Type.String(),
    version: Type.Integer({ description: 'of the newest change; 0: there was none' }),
    all: ProbeSettingsByName,
    nodes: Type.Record(Type.String(), ProbeSettingsByName, { description: 'what single nodes have of their own' }),
    effective: Type.Optional(
      Type.Object(
        { version: Type.Integer(), probes: ProbeSettingsByName },
        { description: 'of the node that was asked for: what it is to run' },
      ),
    ),
  },
  { $id: 'AgentConfiguration' },
);
export type AgentConfigurationDocument = Static<typeof AgentConfigurationDocument>;

export const AgentConfigurationEntry = Type.Object(
  {
    version: Type.Integer(),
    nodes: nullable(Type.Array(Type.String(), { description: 'null: all' })),
    probes: ProbeSettingsByName,
    changedAt: Type.String({ format: 'date-time' }),
    changedBy: Type.String({ description: 'names the token without being it' }),
    reason: nullable(Type.String()),
  },
  { $id: 'AgentConfigurationEntry' },
);
export type AgentConfigurationEntry = Static<typeof AgentConfigurationEntry>;

export const AgentConfigurationHistory = Type.Object(
  { items: Type.Array(ref<AgentConfigurationEntry>('AgentConfigurationEntry')), nextCursor: nullable(Type.String()) },
  { $id: 'AgentConfigurationHistory' },
);
export type AgentConfigurationHistory = Static<typeof AgentConfigurationHistory>;
