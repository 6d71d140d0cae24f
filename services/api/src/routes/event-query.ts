/** What events can be asked for by: the same for the list and the live stream. */
import { AnomalyKind } from '@netverdict/contracts';
import Type from 'typebox';
import { text } from './schemas.ts';

export const podName = Type.String({
  pattern: '^[^/\\u0000]+/[^/\\u0000]+$',
  maxLength: 320,
  description: 'only of this pod: namespace/name',
});

export const EVENT_CONDITIONS = {
  cluster: Type.Optional(text('only of this cluster')),
  node: Type.Optional(text('only of this node')),
  pod: Type.Optional(podName),
  kind: Type.Optional(AnomalyKind),
  probe: Type.Optional(text('only what this probe saw')),
  reason: Type.Optional(text("only with this reason, by the kernel's name: NETFILTER_DROP")),
  workload: Type.Optional(text('only what happened to this workload: deployment/shop/cart, node/node-1')),
  peer: Type.Optional(text('only with this far end: service/shop/db, 203.0.113.9')),
  address: Type.Optional(text('only with this address at either end')),
  incident: Type.Optional(text('only of this incident: inc_…')),
  until: Type.Optional(Type.String({ format: 'date-time', description: 'whose window ended before' })),
};
