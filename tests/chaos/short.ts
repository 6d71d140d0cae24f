/** The short form, for every run of the tests: few diagnoses, each kind of failure once, in an order in which every one of them matters. */
import type { Fault } from './plan.ts';

const plan: readonly Fault[] = [
  { kind: 'kill', target: 'simulator-1', atMs: 400, forMs: 300 },
  { kind: 'redis', atMs: 900, forMs: 300 },
  { kind: 'kill', target: 'api-1', atMs: 1400, forMs: 200 },
  { kind: 'kill', target: 'n1', atMs: 1800, forMs: 500 },
  { kind: 'cut', atMs: 2500, forMs: 1500 },
  { kind: 'postgres', atMs: 3300, forMs: 300 },
  { kind: 'kill', target: 'topology-2', atMs: 4200, forMs: 200 },
  { kind: 'lose-streams', atMs: 5000, forMs: 300 },
];

export const SHORT = { diagnoses: 90, perSecond: 15, deadlineMs: 60_000, plan };
