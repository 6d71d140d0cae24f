/** The simulator judged by a running kernel: random worlds, real packets, compared rule by rule. */
export type { HeardForReal, Observation, Received, RuleSeen } from './world/observation.ts';
export type { FlowSpec, NamespaceSpec, SocketSpec, WorldSpec } from './world/spec.ts';
