/** Clusters in a box: real kernels' network namespaces as nodes, a real containerd in each, and faults to inject. */
export type { KubeObject } from './api-server/index.ts';
export type { CommandResult } from './command.ts';
export { LabError } from './errors.ts';
export type { Fault, FaultArg, FaultArgs } from './faults/fault.ts';
export type { ActiveFault } from './faults/inject.ts';
export { FAULTS, type FaultName, faultNames, isFaultName } from './faults/registry.ts';
export { createLab, type Lab, type LabNode, type LabSummary, listLabs, openLab, removeLab } from './lab.ts';
export type { ProbeAttempt, ProbeOutcome, ProbeRequest, ProbeResult, ProbeSource } from './probe.ts';
export { DEFAULT_SPEC, fabricNetns, type IptablesVariant, type LabCni, type LabSpec } from './spec.ts';
export type { LabPod } from './state.ts';
