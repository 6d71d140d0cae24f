/** The shapes of the REST API. COMPONENTS are the shared ones: every schema with an `$id`. */

import { AccountingDocument, AccountingList, KernelAccount, PipelineAccount } from './accounting-document.ts';
import {
  AgentConfigurationChange,
  AgentConfigurationDocument,
  AgentConfigurationEntry,
  AgentConfigurationHistory,
} from './agent-configuration.ts';
import { BatchFlowDocument, BatchFlowList, DiagnosisBatchDocument, DiagnosisBatchList } from './batch-documents.ts';
import { CaptureDocument, CaptureList } from './capture-documents.ts';
import {
  DeadLetterDocument,
  DeadLetterList,
  DeadLetterRedelivered,
  DeadLetterSummary,
} from './dead-letter-documents.ts';
import { Deciding } from './deciding.ts';
import {
  Collection,
  DiagnosisDocument,
  DiagnosisList,
  DiagnosisSummary,
  DiagnosisTiming,
  ProgressEvent,
} from './diagnosis-document.ts';
import { FlowDocument, FlowGraph } from './flow-document.ts';
import {
  ClusterDocument,
  ClusterList,
  HealthCheck,
  InstallationHealth,
  ServiceReplica,
  VersionDocument,
} from './health-documents.ts';
import { IncidentDocument, IncidentList } from './incident-document.ts';
import { IncidentVerdict } from './incident-verdict.ts';
import { LiveProbeSchema, ProbedTargetSchema, SlowReportSchema } from './live-probe-schema.ts';
import { AgentDocument, AgentList, EventDocument, EventList } from './monitoring-documents.ts';
import { NodeDocument, NodeList } from './node-document.ts';
import { PingCell, PingMeshDocument, PingMeshList, PingRound } from './ping-mesh-documents.ts';
import { DiagnosisProblem, InvalidField, Problem } from './problem.ts';
import {
  ScheduleAnswer,
  ScheduleDocument,
  ScheduleList,
  ScheduleRun,
  ScheduleRunList,
  VerdictChange,
} from './schedule-documents.ts';
import { AuditEntry, AuditLog, TokenDocument, TokenList } from './token-documents.ts';
import {
  BranchSchema,
  EvidenceSchema,
  FindingSchema,
  HopSchema,
  RemedySchema,
  StepSchema,
  TextSchema,
  TraceSchema,
  VerdictSchema,
} from './verdict-schemas.ts';
import {
  BatchWebhookMessage,
  IncidentWebhookMessage,
  PingWebhookMessage,
  VerdictChangedMessage,
  WebhookMessage,
} from './webhook.ts';
import {
  DeliveryDocument,
  DeliveryList,
  Redelivered,
  WebhookAttempt,
  WebhookDocument,
  WebhookList,
} from './webhook-documents.ts';

export * from './accounting-document.ts';
export * from './agent-configuration.ts';
export * from './batch-documents.ts';
export * from './capture-documents.ts';
export * from './dead-letter-documents.ts';
export * from './deciding.ts';
export * from './diagnosis-document.ts';
export * from './flow-document.ts';
export * from './health-documents.ts';
export * from './incident-document.ts';
export * from './incident-verdict.ts';
export * from './monitoring-documents.ts';
export * from './node-document.ts';
export * from './ping-mesh-documents.ts';
export * from './problem.ts';
export * from './schedule-documents.ts';
export * from './token-documents.ts';
export { oneOf, ref } from './verdict-schemas.ts';
export * from './webhook.ts';
export * from './webhook-documents.ts';

export const REST_COMPONENTS = [
  InvalidField,
  Problem,
  DiagnosisProblem,
  TextSchema,
  EvidenceSchema,
  RemedySchema,
  FindingSchema,
  StepSchema,
  HopSchema,
  BranchSchema,
  TraceSchema,
  VerdictSchema,
  ProbedTargetSchema,
  SlowReportSchema,
  LiveProbeSchema,
  Collection,
  DiagnosisTiming,
  DiagnosisSummary,
  DiagnosisDocument,
  DiagnosisList,
  ProgressEvent,
  IncidentVerdict,
  EventDocument,
  EventList,
  IncidentDocument,
  IncidentList,
  NodeDocument,
  NodeList,
  FlowDocument,
  FlowGraph,
  KernelAccount,
  PipelineAccount,
  AccountingDocument,
  AccountingList,
  AgentDocument,
  AgentList,
  ClusterDocument,
  ClusterList,
  ServiceReplica,
  HealthCheck,
  InstallationHealth,
  VersionDocument,
  CaptureDocument,
  CaptureList,
  PingCell,
  PingRound,
  PingMeshDocument,
  PingMeshList,
  WebhookMessage,
  IncidentWebhookMessage,
  PingWebhookMessage,
  WebhookDocument,
  WebhookList,
  WebhookAttempt,
  DeliveryDocument,
  DeliveryList,
  Redelivered,
  AgentConfigurationChange,
  AgentConfigurationDocument,
  AgentConfigurationEntry,
  AgentConfigurationHistory,
  TokenDocument,
  TokenList,
  AuditEntry,
  AuditLog,
  Deciding,
  DeadLetterSummary,
  DeadLetterList,
  DeadLetterDocument,
  DeadLetterRedelivered,
  DiagnosisBatchDocument,
  DiagnosisBatchList,
  BatchFlowDocument,
  BatchFlowList,
  BatchWebhookMessage,
  ScheduleAnswer,
  ScheduleDocument,
  ScheduleList,
  ScheduleRun,
  ScheduleRunList,
  VerdictChange,
  VerdictChangedMessage,
] as const;
