/** An incident as REST shows it: events that have the same kind, ends and cause. */
import Type, { type Static } from 'typebox';
import { AnomalyKind, AnomalySample } from '../messages/events.ts';
import { visibleNamespaces } from './diagnosis-document.ts';
import type { IncidentVerdict } from './incident-verdict.ts';
import { nullable, oneOf, ref } from './verdict-schemas.ts';

const Instant = Type.String({ format: 'date-time' });

export const IncidentSeverity = oneOf('info', 'warning', 'critical');
export type IncidentSeverity = Static<typeof IncidentSeverity>;
export const IncidentState = oneOf('open', 'quiet', 'resolved');
export type IncidentState = Static<typeof IncidentState>;

export const IncidentDocument = Type.Object(
  {
    id: Type.String({ description: '`inc_…`' }),
    cluster: Type.String(),
    kind: AnomalyKind,
    workload: Type.String({ description: 'who it happens to', examples: ['deployment/shop/cart', 'node/node-1'] }),
    peer: Type.String({
      description: "who is at the far end; '' where there is none, `many peers` where they share an incident",
      examples: ['service/shop/db', '203.0.113.9'],
    }),
    peers: Type.Integer({ description: 'about how many far ends' }),
    direction: Type.Union([Type.Literal('in'), Type.Literal('out'), Type.Null()], {
      description: "out: the packets are the workload's; in: they are meant for it",
    }),
    reason: nullable(Type.String({ description: "the kernel's word for why" })),
    function: nullable(Type.String({ description: "the kernel's function in which it happens" })),
    hook: nullable(Type.String({ description: 'the netfilter hook' })),
    probe: nullable(Type.String()),
    severity: IncidentSeverity,
    state: IncidentState,
    stateSince: Instant,
    openedAt: Type.String({ format: 'date-time', description: 'of this episode' }),
    resolvedAt: nullable(Instant),
    reopened: Type.Integer({ description: 'how often it came back after it was resolved' }),
    count: Type.Integer({ description: 'anomalies that were counted one by one' }),
    estimated: Type.Integer({ description: 'about so many more that sampling left out' }),
    events: Type.Integer({ description: 'stored events: GET /api/v1/events?incident=…' }),
    bytes: Type.Integer(),
    firstSeen: Instant,
    lastSeen: Instant,
    nodes: Type.Array(Type.String(), { description: 'at most 32' }),
    pods: Type.Array(Type.String({ description: 'namespace/name' }), { description: 'at most 32' }),
    samples: Type.Array(AnomalySample),
    diagnosisId: nullable(Type.String()),
    diagnosisState: nullable(Type.String({ description: 'how far its own diagnosis is' })),
    askedAt: nullable(Instant),
    cause: Type.Optional(
      nullable(Type.String({ description: 'what was found: with kind, ends and reason it makes the incident' })),
    ),
    causeFoundAt: Type.Optional(
      nullable(Type.String({ format: 'date-time', description: 'when it was last asked and found' })),
    ),
    causeEndedAt: Type.Optional(
      nullable(
        Type.String({
          format: 'date-time',
          description: 'when it was asked and no longer found: what comes later is another incident',
        }),
      ),
    ),
    verdict: nullable(ref<Static<typeof IncidentVerdict>>('IncidentVerdict')),
    visibleNamespaces,
  },
  { $id: 'Incident' },
);
export type IncidentDocument = Static<typeof IncidentDocument>;

export const IncidentList = Type.Object(
  { items: Type.Array(ref<IncidentDocument>('Incident')), nextCursor: nullable(Type.String()) },
  { $id: 'IncidentList' },
);
export type IncidentList = Static<typeof IncidentList>;
