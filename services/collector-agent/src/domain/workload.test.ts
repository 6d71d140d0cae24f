import { expect, it } from 'vitest';
import { workloadOf } from './workload.ts';

const rows: readonly [string, string, Record<string, string>, Record<string, string>, string][] = [
  ['a Deployment', 'cart-6f9c7d5b8-x2x9k', { 'pod-template-hash': '6f9c7d5b8' }, {}, 'Deployment/cart'],
  ['one whose own name has its hash', 'a-77-a-77-bcdfg', { 'pod-template-hash': '77' }, {}, 'Deployment/a-77-a'],
  ['a DaemonSet', 'kube-proxy-7xw2q', { 'controller-revision-hash': '5d8' }, {}, 'DaemonSet/kube-proxy'],
  [
    'a StatefulSet',
    'db-12',
    { 'controller-revision-hash': 'db-5d8', 'statefulset.kubernetes.io/pod-name': 'db-12' },
    {},
    'StatefulSet/db',
  ],
  ['a StatefulSet of old', 'db-0', { 'controller-revision-hash': 'db-5d8' }, {}, 'StatefulSet/db'],
  ['a Job', 'backup-2871-zzxcv', { 'job-name': 'backup-2871' }, {}, 'Job/backup-2871'],
  ['a static pod', 'etcd-node-1', {}, { 'kubernetes.io/config.source': 'file' }, 'Node/etcd-node-1'],
  ['a pod by itself', 'client', { app: 'x' }, { 'kubernetes.io/config.source': 'api' }, 'Pod/client'],
  ['labels that do not fit the name', 'odd', { 'pod-template-hash': 'abc' }, {}, 'Pod/odd'],
];

it.each(rows)('%s', (_, name, labels, annotations, expected) => {
  const { kind, namespace, name: of } = workloadOf({ namespace: 'shop', name }, labels, annotations);
  expect([`${kind}/${of}`, namespace]).toEqual([expected, 'shop']);
});
