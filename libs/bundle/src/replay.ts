/** Runs a bundle again: the same parsers and the same simulator as the service, and so the same verdict. */
import { type DiagnoseResult, diagnose } from '@netverdict/netsim';
import type { Bundle } from './bundle.ts';
import { withReadTimes } from './evidence-times.ts';
import { withPolicies } from './policies.ts';
import { WorldCache } from './world-cache.ts';

export function replay(bundle: Bundle): DiagnoseResult {
  // A text that the bundle lacks is lost: its section is missing, and what it decides undetermined.
  const outcome = new WorldCache().build(bundle.snapshot, (digest) => bundle.sections[digest] ?? null);
  if (outcome.kind !== 'world') throw new Error('a bundle has every text that there will be');
  const result = diagnose(outcome.world, bundle.flow, bundle.names);
  return {
    ...result,
    diagnosis: withReadTimes(withPolicies(result.diagnosis, bundle.flow, bundle.snapshot), bundle.snapshot),
  };
}
