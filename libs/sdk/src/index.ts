export type {
  AgentDocument,
  AnyWebhookMessage,
  BatchFlowDocument,
  BatchWebhookMessage,
  DeliveryDocument,
  DiagnosisBatchDocument,
  DiagnosisBatchRequested,
  DiagnosisDocument,
  DiagnosisRequest,
  DiagnosisSummary,
  EventDocument,
  IncidentDocument,
  IncidentWebhookMessage,
  InvalidField,
  PingWebhookMessage,
  Problem,
  ProgressEvent,
  ScheduleDocument,
  ScheduleRun,
  VerdictChangedMessage,
  WebhookDocument,
  WebhookMessage,
} from '@netverdict/contracts';
export * from './client.ts';
export type { components, paths } from './generated/schema.ts';
export { ConnectionError, ProblemError, problemFrom } from './problem-error.ts';
export type { LiveItem, LiveOptions } from './stream/live.ts';
export { type VerifyOptions, verifyWebhook, type WebhookHeaders, WebhookVerificationError } from './verify-webhook.ts';
