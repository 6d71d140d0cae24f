export * from './bundle.ts';
export { withReadTimes } from './evidence-times.ts';
export { withPolicies } from './policies.ts';
export { replay } from './replay.ts';
export { type TextOf, WorldCache, type WorldOutcome } from './world-cache.ts';
