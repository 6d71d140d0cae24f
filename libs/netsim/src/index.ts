/**
 * The Linux network stack as pure functions over an immutable snapshot.
 *
 *   parsed NetnsState ──compileNamespace──▶ CompiledNetns ─┐
 *   ClusterMap, node list ─────────────────────────────────┴─buildWorld──▶ World ──diagnose──▶ DiagnoseResult
 */
export { type DiagnoseOptions, type DiagnoseResult, diagnose } from './diagnose.ts';
export { type EvaluatedBranch, type EvaluateOptions, type Evaluation, evaluate } from './evaluate.ts';
export { type CompiledNetns, compileNamespace } from './world/compiled.ts';
export { buildWorld, type World, type WorldInput, type WorldNamespace, type WorldNode } from './world/world.ts';
