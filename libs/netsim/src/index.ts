/**
 * The Linux network stack as pure functions over an immutable snapshot.
 *
 *   parsed NetnsState ──compileNamespace──▶ CompiledNetns ─┐
 *   ClusterMap, node list ─────────────────────────────────┴─buildWorld──▶ World ──diagnose──▶ DiagnoseResult
 */
export { type DiagnoseOptions, type DiagnoseResult, diagnose } from './diagnose.ts';
export {
  type EvaluatedBranch,
  type EvaluateOptions,
  type Evaluation,
  evaluate,
  type Seen,
  type Verdict,
  verdictOf,
} from './evaluate.ts';
export { largestSize } from './largest-size.ts';
export { askRoute, type RouteAnswer, type RouteQuestion } from './route/ask.ts';
export type { Held } from './walk/features/held.ts';
export { allFeatures, FEATURES, type Feature, type FeatureGroup } from './walk/features/index.ts';
export { WHY_ROWS } from './walk/features/why-rows.ts';
export type { Lens } from './walk/lens.ts';
export type { Arrived, Heard, RuleMet } from './walk/observable.ts';
export { type CompiledNetns, compileNamespace } from './world/compiled.ts';
export { buildWorld, type World, type WorldInput, type WorldNamespace, type WorldNode } from './world/world.ts';
