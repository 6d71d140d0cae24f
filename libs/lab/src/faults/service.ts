/** Faults of a Service's objects, and of kube-proxy's view of them. */
import { endpointSliceOf, SERVICES, serviceObject } from '../cluster/services.ts';
import { LabError } from '../errors.ts';
import type { FaultGroup } from './fault.ts';

function web() {
  const plan = SERVICES.find(({ name }) => name === 'web');
  if (plan === undefined) throw new LabError('the lab has no service web');
  return plan;
}

export const SERVICE_FAULTS = {
  /** kube-proxy puts a REJECT for the ClusterIP into KUBE-SERVICES of table filter: ICMP port unreachable, ECONNREFUSED. */
  'service-no-endpoints': {
    description: 'The selector of Service default/web matches no pod: it has no endpoints.',
    args: {},
    describe: () => 'selector of Service default/web matches no pod',
    plan: ({ state }) => {
      const misspelt = { ...web(), selector: { app: 'webb' } };
      return {
        apply: [{ kind: 'objects', objects: [serviceObject(misspelt), endpointSliceOf(misspelt, state.pods)] }],
        undo: [{ kind: 'objects', objects: [serviceObject(web()), endpointSliceOf(web(), state.pods)] }],
      };
    },
  },
  /**
   * kube-proxy of one node stopped syncing before the deployment was rolled out: its rules still send connections to pods
   * that are gone. Their addresses answer no ARP: host unreachable from their node after 3 s.
   */
  'stale-dnat': {
    description: 'kube-proxy of a node is stale: its rules for Service default/web lead to pods that are gone.',
    args: { node: 'node-1' },
    describe: ({ node }) => `kube-proxy rules of ${node.name} for Service default/web lead to deleted pods`,
    plan: ({ node }) => ({
      apply: [{ kind: 'sync', nodes: [node.name], stale: { service: 'web', host: 200 } }],
      undo: [{ kind: 'sync', nodes: [node.name] }],
    }),
  },
} as const satisfies FaultGroup;
