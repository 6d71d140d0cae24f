/** Against the lab's API server, a real one over TLS, that is killed, moved and made anew. */
import { CoreV1Api, KubeConfig, makeInformer } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiServerProcess } from './api-server-process.ts';
import type { ClusterView } from './cluster-view.ts';
import { watchCluster } from './watch-cluster.ts';

let server: ApiServerProcess;
let view: ClusterView | undefined;
beforeEach(async () => {
  server = new ApiServerProcess();
  await server.start();
});
afterEach(async () => {
  view?.close();
  view = undefined;
  await server.remove();
});

const watch = async (kubeconfig: string): Promise<ClusterView> => {
  view = watchCluster(kubeconfig);
  await view.ready(10_000);
  return view;
};
const until = (what: () => unknown): Promise<unknown> =>
  vi.waitFor(() => expect(what()).toBeTruthy(), { timeout: 20_000, interval: 20 });
const ips = (of: ClusterView): Record<string, string | undefined> =>
  Object.fromEntries([...of.objects().pods.values()].map((pod) => [pod.meta.name, pod.ips[0]]));

describe('the view of a cluster', () => {
  it('follows what is created, changed and deleted; a view handed out stays as it is', async () => {
    await server.createPod('web-1', '10.244.1.7');
    const cluster = await watch(server.kubeconfig);
    const before = cluster.objects();
    expect(cluster.objects()).toBe(before);
    let changes = 0;
    cluster.onChange(() => {
      changes += 1;
    });
    await server.createPod('web-2', '10.244.1.8');
    await server.call('PUT', '/api/v1/namespaces/default/pods/web-1', server.pod('web-1', '10.244.1.9'));
    await until(() => ips(cluster)['web-1'] === '10.244.1.9' && ips(cluster)['web-2'] === '10.244.1.8');
    await server.deletePod('web-2');
    await until(() => !('web-2' in ips(cluster)));
    expect(changes).toBeGreaterThan(0);
    expect([...before.pods.keys()]).toEqual(['default/web-1']);
    expect(cluster.objects().terminatedPodsByIp('10.244.1.8')).toMatchObject([{ how: 'deleted' }]);
    expect(cluster.objects().podsByIp('10.244.1.8')).toEqual([]);
  });

  it('reads the kube-proxy and flannel ConfigMaps and no other', async () => {
    for (const [namespace, name] of [
      ['kube-system', 'kube-proxy'],
      ['kube-system', 'secret-ish'],
      ['default', 'kube-proxy'],
    ])
      await server.call('POST', `/api/v1/namespaces/${namespace}/configmaps`, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name },
        data: { 'config.conf': 'mode: iptables' },
      });
    const cluster = await watch(server.kubeconfig);
    expect([...cluster.objects().configMaps.keys()]).toEqual(['kube-system/kube-proxy']);
  });

  it('says that contact is lost, keeps what it knew, and goes on when the server is back', async () => {
    await server.createPod('web-1', '10.244.1.7');
    const cluster = await watch(server.kubeconfig);
    await server.kill();
    await until(() => cluster.status().resources.every((r) => !r.connected && r.error !== null));
    const lost = cluster.status();
    expect(lost).toMatchObject({ synced: true });
    expect(lost.resources[0]?.error).toMatch(/no answer|ended|aborted|ECONN/);
    expect(ips(cluster)).toEqual({ 'web-1': '10.244.1.7' });
    await server.start();
    await server.createPod('web-2', '10.244.1.8');
    await until(() => 'web-2' in ips(cluster));
    await until(() => cluster.status().resources.every((r) => r.connected && r.error === null));
    expect(cluster.status().lastContactMs ?? 0).toBeGreaterThan(lost.lastContactMs ?? 0);
  });

  it('lists anew after 410 Expired: what went while it was away is gone, and told as terminated', async () => {
    await server.createPod('goes', '10.244.1.7');
    const cluster = await watch(server.kubeconfig);
    const port = server.port;
    const version = cluster.status().resources.find((r) => r.resource === 'pods')?.resourceVersion;
    await server.kill();
    // Elsewhere, out of the watcher's sight; a server that starts has forgotten all events before.
    const away = new ApiServerProcess();
    await server.start(await freePort(away));
    await server.deletePod('goes');
    await server.createPod('comes', '10.244.1.8');
    await server.kill();
    await server.start(port);
    await until(() => 'comes' in ips(cluster));
    expect(ips(cluster)).toEqual({ comes: '10.244.1.8' });
    expect(cluster.objects().terminatedPodsByIp('10.244.1.7')).toHaveLength(1);
    expect(cluster.status().resources.find((r) => r.resource === 'pods')?.resourceVersion).not.toBe(version);
  });

  it('finds a cluster made anew under the same kubeconfig path', async () => {
    await server.createPod('old', '10.244.1.7');
    const cluster = await watch(server.liveKubeconfig);
    await server.kill();
    server.forget();
    await server.start();
    await server.createPod('new', '10.244.1.9');
    await until(() => ips(cluster).new === '10.244.1.9' && !('old' in ips(cluster)));
  });

  it('a kubeconfig that is not there shows in the status; ready names what is missing', async () => {
    view = watchCluster(`${server.folder}/nothing`);
    await expect(view.ready(300)).rejects.toThrow(/not listed within 300 ms: nodes \(.*ENOENT/);
    expect(view.status()).toMatchObject({ synced: false, lastContactMs: null });
  });

  it('ends with its signal', async () => {
    const controller = new AbortController();
    view = watchCluster(server.kubeconfig, controller.signal);
    await view.ready(10_000);
    controller.abort();
    await until(() => view?.status().resources.every((r) => !r.connected));
    await expect(view.ready()).rejects.toThrow('the watch of the cluster was ended');
  });
});

/** A port that was free a moment ago: taken by a second server, which is then removed. */
async function freePort(other: ApiServerProcess): Promise<number> {
  await other.start();
  const { port } = other;
  await other.remove();
  return port;
}

it("client-node's own informers work against the server", async () => {
  await server.createPod('first', '10.244.1.7');
  const config = new KubeConfig();
  config.loadFromFile(server.kubeconfig);
  const api = config.makeApiClient(CoreV1Api);
  const seen: string[] = [];
  const informer = makeInformer(config, '/api/v1/namespaces/default/pods', () =>
    api.listNamespacedPod({ namespace: 'default' }),
  );
  for (const verb of ['add', 'update', 'delete'] as const)
    informer.on(verb, (pod) => seen.push(`${verb} ${pod.metadata?.name} ${pod.status?.podIP}`));
  informer.on('error', () => setTimeout(() => void informer.start(), 100));
  await informer.start();
  try {
    await until(() => seen.includes('add first 10.244.1.7'));
    await server.createPod('second', '10.244.1.8');
    await until(() => seen.includes('add second 10.244.1.8'));
    await server.call('PUT', '/api/v1/namespaces/default/pods/second', server.pod('second', '10.244.1.9'));
    await until(() => seen.includes('update second 10.244.1.9'));
    await server.kill();
    await server.start();
    await server.deletePod('second');
    await until(() => seen.includes('delete second 10.244.1.9'));
    expect(informer.get('first', 'default')?.status?.podIP).toBe('10.244.1.7');
  } finally {
    await informer.stop();
  }
});
