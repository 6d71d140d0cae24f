import { expect, test } from 'vitest';
import { syncText } from './kube-proxy-sync.ts';

const WANTED = `*nat
:PREROUTING ACCEPT [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-NEW - [0:0]
-A PREROUTING -j KUBE-SERVICES
-A KUBE-SERVICES -d 10.96.0.1/32 -j KUBE-SVC-NEW
COMMIT
`;
const PRESENT = `*nat
:PREROUTING ACCEPT [7:420]
:FLANNEL-POSTRTG - [0:0]
:KUBE-SERVICES - [3:180]
:KUBE-SVC-OLD - [0:0]
-A PREROUTING -j KUBE-SERVICES
COMMIT
*filter
:DOCKER - [0:0]
COMMIT
`;

test("a sync refills kube-proxy's chains, deletes its stale ones, and leaves base chains and others' chains alone", () => {
  expect(syncText(WANTED, PRESENT)).toBe(`*nat
:KUBE-SVC-OLD - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-NEW - [0:0]
-A KUBE-SERVICES -d 10.96.0.1/32 -j KUBE-SVC-NEW
-X KUBE-SVC-OLD
COMMIT
`);
});
