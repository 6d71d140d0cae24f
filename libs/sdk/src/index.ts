export type {
  AgentDocument,
  DiagnosisDocument,
  DiagnosisRequest,
  DiagnosisSummary,
  EventDocument,
  InvalidField,
  Problem,
  ProgressEvent,
} from '@netverdict/contracts';
export * from './client.ts';
export type { components, paths } from './generated/schema.ts';
export { ConnectionError, ProblemError, problemFrom } from './problem-error.ts';
