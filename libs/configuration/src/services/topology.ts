import { integer, or, orNone, path } from '../setting.ts';
import { BUS, cluster, HEALTH, PROCESS, streamReplicas } from './common.ts';

export const TOPOLOGY = {
  ...PROCESS,
  ...HEALTH,
  ...BUS,
  streamReplicas,
  cluster,
  kubeconfig: orNone(
    path('NETVERDICT_KUBECONFIG', "kubeconfig of the cluster; none: the ServiceAccount of topology's own pod"),
  ),
  nodeDeadline: or(
    integer('NETVERDICT_NODE_DEADLINE_MS', 'how long a node may take to answer, in ms', { min: 100, max: 60_000 }),
    '4000',
  ),
};
