/** `node --expose-gc measure.ts PODS NAMESPACES POLICIES`: all pairs of a generated cluster, in a process of its own. Prints JSON. */
import { formatProblem, type PairCounts, reachabilityOf, readCluster } from '@netverdict/netpol';
import { generateCluster } from './generate.ts';

export interface PolicyFigures {
  readonly readMs: number;
  readonly allPairsMs: number;
  readonly classes: number;
  readonly counts: PairCounts;
  /** Peak of the process, with the manifests' cluster in it. */
  readonly peakMib: number;
}

const [pods = 0, namespaces = 1, policies = 0] = process.argv.slice(2).map(Number);
const began = performance.now();
const { cluster, problems } = readCluster(generateCluster({ pods, namespaces, policies }));
const readMs = performance.now() - began;
if (problems[0]) throw new Error(formatProblem(problems[0]));
if (cluster.pods.size !== pods || cluster.policies.length !== policies)
  throw new Error(`${cluster.pods.size} pods and ${cluster.policies.length} policies are not what was asked for`);
const start = performance.now();
const reach = reachabilityOf(cluster);
const counts = reach.count();
const figures: PolicyFigures = {
  readMs,
  allPairsMs: performance.now() - start,
  classes: reach.classes.classes.length,
  counts,
  peakMib: process.resourceUsage().maxRSS / 1024,
};
console.log(JSON.stringify(figures));
