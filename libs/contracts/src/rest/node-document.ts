/** A node as its agent tells of it. */
import Type, { type Static } from 'typebox';
import { BudgetReport, ConfigurationReport } from '../messages/agent-configuration.ts';
import { ProbeReport } from '../messages/events.ts';
import { SpoolReport } from '../messages/spool-report.ts';
import { nullable, ref } from './verdict-schemas.ts';

const Instant = Type.String({ format: 'date-time' });

export const NodeState = Type.Union([Type.Literal('reporting'), Type.Literal('quiet'), Type.Literal('silent')], {
  description: 'silent: its agent is not heard; quiet: it is heard and has nothing to tell; reporting: events come',
});
export type NodeState = Static<typeof NodeState>;

export const NodeDocument = Type.Object(
  {
    cluster: Type.String(),
    node: Type.String(),
    state: NodeState,
    firstSeen: Instant,
    lastSeen: Type.String({ format: 'date-time', description: 'its last heartbeat' }),
    silentMs: Type.Integer({ description: 'time since its last heartbeat' }),
    lastBatchAt: Type.Union([Instant, Type.Null()], { description: 'when events of it came last' }),
    version: Type.String(),
    kernel: Type.String(),
    epoch: Type.String({ description: "names the agent's start" }),
    capabilities: Type.Array(Type.String()),
    watch: nullable(Type.String({ description: 'why no probe runs, where none does' })),
    probes: Type.Array(ProbeReport),
    budget: nullable(BudgetReport),
    spool: nullable(SpoolReport),
    configuration: nullable(ConfigurationReport),
  },
  { $id: 'Node' },
);
export type NodeDocument = Static<typeof NodeDocument>;

export const NodeList = Type.Object(
  { items: Type.Array(ref<NodeDocument>('Node')), nextCursor: nullable(Type.String()) },
  { $id: 'NodeList' },
);
export type NodeList = Static<typeof NodeList>;
