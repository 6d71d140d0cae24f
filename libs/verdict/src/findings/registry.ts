/**
 * The registry of finding codes, by area (codes/). Codes are stable: they are never renamed or reused.
 * Every code has a page in docs/findings/ (a test compares the two) and a test that injects its fault.
 */
import { DESTINATION } from './codes/destination.ts';
import { DEVICES } from './codes/devices.ts';
import { KERNEL } from './codes/kernel.ts';
import { OUTSIDE } from './codes/outside.ts';
import { POLICIES } from './codes/policies.ts';
import { ROUTES } from './codes/routes.ts';
import { RULES } from './codes/rules.ts';
import { SERVICES } from './codes/services.ts';
import { SIZE } from './codes/size.ts';
import { TUNNEL } from './codes/tunnel.ts';
import { UNSEEN } from './codes/unseen.ts';

export const FINDING_CODES = {
  ...RULES,
  ...SERVICES,
  ...DESTINATION,
  ...DEVICES,
  ...ROUTES,
  ...TUNNEL,
  ...KERNEL,
  ...SIZE,
  ...OUTSIDE,
  ...UNSEEN,
  ...POLICIES,
} as const;

export type FindingCode = keyof typeof FINDING_CODES;
/** Codes that need the cluster's objects, not only the nodes' state. */
export type PolicyCode = keyof typeof POLICIES;
