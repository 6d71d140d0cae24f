export {
  type Cluster,
  describeEnd,
  type End,
  endOf,
  endOfPod,
  type NamedPort,
  type Namespace,
  type Node,
  type Pod,
  type Protocol,
  podKey,
} from './cluster.ts';
export type { Answer, Decision, Direction, Miss, PolicyFlow, RuleRef, TieredRuleRef } from './evaluate/answer.ts';
export { evaluate, policiesOn } from './evaluate/evaluate.ts';
export { type Connections, connections } from './matrix/connections.ts';
export { type Change, compare, type Difference, type Matrix, matrixOf } from './matrix/matrix.ts';
export { formatPorts, includes, isEmpty, type PortSet } from './matrix/port-set.ts';
export { type Workload, workloadOf } from './matrix/workloads.ts';
export { formatProblem, type ObjectProblem } from './objects/problem.ts';
export { type KubernetesObject, type ReadCluster, readCluster } from './objects/read.ts';
export {
  type NetworkPolicy,
  type Peer,
  type PortMatch,
  policyName,
  type Rule,
  type TieredPolicy,
  type TieredRule,
} from './policy.ts';
export type { PairCounts } from './reach/pairs.ts';
export { type Reachability, reachabilityOf } from './reach/reachability.ts';
export { formatSelector, type Labels, type Selector, selects } from './selector.ts';
export { type Allowance, allowances } from './words/allowance.ts';
export { explain, headline } from './words/explain.ts';
export { ruleInWords, type Words } from './words/rules.ts';
