/** The simulator judged by a running kernel: random worlds, real packets, compared rule by rule. */

export type { MutationReport } from './mutate/mutation-report.ts';
export { fidelityPage } from './report/fidelity.ts';
export { type RecordedRun, type Run, recordedOf } from './report/recorded.ts';
export type { Report } from './report/report.ts';
export { type SeedRun, seedRunOf } from './report/seeds.ts';
export { survivorsPage } from './report/survivors.ts';
export { reportText } from './report/text.ts';
export { type VerifyOptions, verify } from './run/verify.ts';
export { fixtureText } from './world/fixture.ts';
export type { HeardForReal, Observation, Received, RuleSeen } from './world/observation.ts';
export type { FlowSpec, NamespaceSpec, SocketSpec, WorldSpec } from './world/spec.ts';
