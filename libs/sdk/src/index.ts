export type {
  AgentDocument,
  DiagnosisDocument,
  DiagnosisRequest,
  DiagnosisSummary,
  EventDocument,
  IncidentDocument,
  InvalidField,
  Problem,
  ProgressEvent,
} from '@netverdict/contracts';
export * from './client.ts';
export type { components, paths } from './generated/schema.ts';
export { ConnectionError, ProblemError, problemFrom } from './problem-error.ts';
export type { LiveItem, LiveOptions } from './stream/live.ts';
