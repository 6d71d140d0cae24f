/** The simulator judged by a running kernel: random worlds, real packets, compared rule by rule. */

export type { Report } from './report/report.ts';
export { reportText } from './report/text.ts';
export { type VerifyOptions, verify } from './run/verify.ts';
export type { HeardForReal, Observation, Received, RuleSeen } from './world/observation.ts';
export type { FlowSpec, NamespaceSpec, SocketSpec, WorldSpec } from './world/spec.ts';
