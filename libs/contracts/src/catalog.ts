/**
 * The one catalog of messages: name → subject, stream, schema. Publishers and consumers are typed over it.
 * A message changes by addition only; a break takes a new name. ARCHITECTURE.md's table is generated from here.
 */
import type { Static, TSchema } from 'typebox';
import { AddressMap } from './messages/address-map.ts';
import { AgentConfiguration } from './messages/agent-configuration.ts';
import { CaptureAnswer, CaptureRequest } from './messages/capture.ts';
import { CollectChunk, CollectRequest } from './messages/collection.ts';
import {
  CollectionNeeded,
  DiagnosisFailed,
  DiagnosisProgress,
  DiagnosisRequested,
  PathBuilt,
  VerdictReached,
} from './messages/diagnosis.ts';
import { AgentHeartbeat, AnomalyBatch } from './messages/events.ts';
import { LocateAnswer, LocateRequest } from './messages/locate.ts';
import { MeasureAnswer, MeasureRequest } from './messages/measure.ts';
import { FollowAnswer, FollowRequest, ProbeAnswer, ProbeNeeded, ProbeRequest } from './messages/probe.ts';
import { ServiceHeartbeat } from './messages/service-heartbeat.ts';

export interface MessageEntry {
  /** Pattern; `<cluster>`, `<node>` and `<service>` stand for one token each (subjects.ts). */
  readonly subject: string;
  /** null: core NATS, not stored. */
  readonly stream: 'DIAGNOSIS' | 'EVENTS' | null;
  readonly version: number;
  readonly schema: TSchema;
  readonly from: string;
  readonly to: string;
}

export const CATALOG = {
  'diagnosis-requested': {
    subject: 'diagnosis.requested.<cluster>',
    stream: 'DIAGNOSIS',
    version: 1,
    schema: DiagnosisRequested,
    from: 'api',
    to: 'topology',
  },
  'diagnosis-progress': {
    subject: 'progress.<cluster>',
    stream: null,
    version: 1,
    schema: DiagnosisProgress,
    from: 'topology, simulator',
    to: 'api',
  },
  'path-built': {
    subject: 'diagnosis.path-built.<cluster>',
    stream: 'DIAGNOSIS',
    version: 1,
    schema: PathBuilt,
    from: 'topology',
    to: 'simulator',
  },
  'collection-needed': {
    subject: 'diagnosis.collection-needed.<cluster>',
    stream: 'DIAGNOSIS',
    version: 1,
    schema: CollectionNeeded,
    from: 'simulator',
    to: 'topology',
  },
  verdict: {
    subject: 'diagnosis.verdict.<cluster>',
    stream: 'DIAGNOSIS',
    version: 1,
    schema: VerdictReached,
    from: 'simulator, topology',
    to: 'api',
  },
  'probe-needed': {
    subject: 'diagnosis.probe-needed.<cluster>',
    stream: 'DIAGNOSIS',
    version: 1,
    schema: ProbeNeeded,
    from: 'simulator',
    to: 'topology',
  },
  'diagnosis-failed': {
    subject: 'diagnosis.failed.<cluster>',
    stream: 'DIAGNOSIS',
    version: 1,
    schema: DiagnosisFailed,
    from: 'topology, simulator',
    to: 'api',
  },
  collect: {
    subject: 'collect.<cluster>.<node>',
    stream: null,
    version: 1,
    schema: CollectRequest,
    from: 'topology',
    to: 'collector-agent',
  },
  'collect-chunk': {
    subject: '(reply inbox)',
    stream: null,
    version: 1,
    schema: CollectChunk,
    from: 'collector-agent',
    to: 'topology',
  },
  probe: {
    subject: 'probe.<cluster>.<node>',
    stream: null,
    version: 1,
    schema: ProbeRequest,
    from: 'topology',
    to: 'collector-agent',
  },
  'probe-answer': {
    subject: '(reply inbox)',
    stream: null,
    version: 1,
    schema: ProbeAnswer,
    from: 'collector-agent',
    to: 'topology',
  },
  follow: {
    subject: 'follow.<cluster>.<node>',
    stream: null,
    version: 1,
    schema: FollowRequest,
    from: 'topology',
    to: 'collector-agent',
  },
  measure: {
    subject: 'measure.<cluster>.<node>',
    stream: null,
    version: 1,
    schema: MeasureRequest,
    from: 'topology',
    to: 'collector-agent',
  },
  'measure-answer': {
    subject: '(reply inbox)',
    stream: null,
    version: 1,
    schema: MeasureAnswer,
    from: 'collector-agent',
    to: 'topology',
  },
  'follow-answer': {
    subject: '(reply inbox)',
    stream: null,
    version: 1,
    schema: FollowAnswer,
    from: 'collector-agent',
    to: 'topology',
  },
  locate: {
    subject: 'locate.<cluster>',
    stream: null,
    version: 1,
    schema: LocateRequest,
    from: 'api',
    to: 'topology',
  },
  'locate-answer': {
    subject: '(reply inbox)',
    stream: null,
    version: 1,
    schema: LocateAnswer,
    from: 'topology',
    to: 'api',
  },
  capture: {
    subject: 'capture.<cluster>.<node>',
    stream: null,
    version: 1,
    schema: CaptureRequest,
    from: 'api',
    to: 'collector-agent',
  },
  'capture-answer': {
    subject: '(reply inbox)',
    stream: null,
    version: 1,
    schema: CaptureAnswer,
    from: 'collector-agent',
    to: 'api',
  },
  'anomaly-batch': {
    subject: 'events.<cluster>.<node>',
    stream: 'EVENTS',
    version: 1,
    schema: AnomalyBatch,
    from: 'collector-agent',
    to: 'eventproc',
  },
  'address-map': {
    subject: 'addresses.<cluster>',
    stream: 'EVENTS',
    version: 1,
    schema: AddressMap,
    from: 'topology',
    to: 'eventproc',
  },
  'agent-heartbeat': {
    subject: 'agents.<cluster>.<node>',
    stream: null,
    version: 1,
    schema: AgentHeartbeat,
    from: 'collector-agent',
    to: 'topology, eventproc, api',
  },
  'service-heartbeat': {
    subject: 'services.<cluster>.<service>',
    stream: null,
    version: 1,
    schema: ServiceHeartbeat,
    from: 'api, topology, simulator, eventproc',
    to: 'api',
  },
  'agent-configuration': {
    subject: 'configure.<cluster>.<node>',
    stream: null,
    version: 1,
    schema: AgentConfiguration,
    from: 'api',
    to: 'collector-agent',
  },
} as const satisfies Record<string, MessageEntry>;

export type MessageName = keyof typeof CATALOG;
export type MessageBody<N extends MessageName> = Static<(typeof CATALOG)[N]['schema']>;
