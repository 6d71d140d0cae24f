/** All faults by name. */
import type { Fault } from './fault.ts';
import { FLANNEL_FAULTS } from './flannel.ts';
import { NODE_FAULTS } from './node.ts';
import { POD_FAULTS } from './pod.ts';
import { SERVICE_FAULTS } from './service.ts';

const ALL = { ...POD_FAULTS, ...NODE_FAULTS, ...FLANNEL_FAULTS, ...SERVICE_FAULTS };

export type FaultName = keyof typeof ALL;
export const FAULTS: Readonly<Record<FaultName, Fault>> = ALL;
export const faultNames = Object.keys(ALL) as readonly FaultName[];
export const isFaultName = (name: string): name is FaultName => Object.hasOwn(ALL, name);
