import { expect, test } from 'vitest';
import { decodeSandboxStatus } from './decode.ts';
import { sandboxInfo } from './sandbox-info.ts';

const spec = (path: string) =>
  JSON.stringify({ pid: 4711, runtimeSpec: { linux: { namespaces: [{ type: 'pid' }, { type: 'network', path }] } } });

test('containerd tells pid and network namespace in its info document', () => {
  expect(sandboxInfo({ info: spec('/var/run/netns/cni-1') })).toEqual({ pid: 4711, netnsPath: '/var/run/netns/cni-1' });
});

test.each([
  ['no info at all', {}],
  ['an info that is not JSON', { info: 'pid: 3' }],
  ['an info of another form', { info: '[1, 2]' }],
  ['a sandbox that has ended', { info: '{"pid": 0}' }],
])('a runtime with %s gives nulls', (_, info) => {
  expect(sandboxInfo(info)).toEqual({ pid: null, netnsPath: null });
});

test('a pod in the host network has no namespace of its own', () => {
  const status = decodeSandboxStatus({
    status: {
      id: 'a',
      metadata: { name: 'kube-proxy', namespace: 'kube-system', uid: 'u', attempt: 0 },
      state: 'SANDBOX_READY',
      createdAt: 1_700_000_000_000_000_000,
      labels: {},
      annotations: {},
      network: { ip: '', additionalIps: [] },
      linux: { namespaces: { options: { network: 'NODE' } } },
    },
    info: { info: spec('') },
  });
  expect(status).toMatchObject({
    hostNetwork: true,
    netnsPath: null,
    ips: [],
    pid: 4711,
    createdAtMs: 1_700_000_000_000,
  });
});
