/** Watches a cluster: one reflector per resource, each mirrored and projected, joined in one view. */
import { setMaxListeners } from 'node:events';
import { WATCHED_CONFIG_MAPS } from '../objects/index.ts';
import { projectEndpointSlice } from '../project/endpoint-slice.ts';
import { projectConfigMap, projectNamespace } from '../project/namespace.ts';
import { projectNetworkPolicy } from '../project/network-policy.ts';
import { projectNode } from '../project/node.ts';
import { projectPod } from '../project/pod.ts';
import { projectService } from '../project/service.ts';
import { buildView } from '../view/build-view.ts';
import type { ClusterObjects } from '../view/cluster-objects.ts';
import { TerminatedPods } from '../view/terminated-pods.ts';
import { type ClusterStatus, type ClusterView, RESOURCES, type Resource, type ResourceStatus } from './cluster-view.ts';
import { Connection } from './connection.ts';
import { mirror } from './mirror.ts';
import { Reflector, type Sink } from './reflector.ts';

/** A cluster is usable without these; that they are refused shows in the status. */
const DISPENSABLE: readonly Resource[] = ['networkpolicies', 'configmaps'];

/**
 * Starts at once and never throws: a kubeconfig that is missing or wrong, a server that is away, show in `status()` and are
 * tried again for ever. `kubeconfigPath` null: as kubectl without --kubeconfig, or the service account within the cluster.
 */
export function watchCluster(kubeconfigPath: string | null, signal?: AbortSignal): ClusterView {
  const controller = new AbortController();
  const stop = signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal]);
  // Each open request listens; ten are not a leak.
  setMaxListeners(0, stop);
  const connection = new Connection(kubeconfigPath);
  const terminated = new TerminatedPods(Date.now);
  const listeners = new Set<() => void>();
  const waiting = new Set<() => void>();
  let revision = 0;
  let announced = false;
  const changed = (): void => {
    revision += 1;
    if (announced) return;
    announced = true;
    setImmediate(() => {
      announced = false;
      for (const listener of [...listeners]) listener();
    });
  };

  const nodes = mirror(projectNode, { changed });
  const pods = mirror(projectPod, {
    changed,
    seen: (pod) => terminated.seen(pod),
    gone: (pod) => terminated.gone(pod),
  });
  const services = mirror(projectService, { changed });
  const slices = mirror(projectEndpointSlice, { changed });
  const namespaces = mirror(projectNamespace, { changed });
  const policies = mirror(projectNetworkPolicy, { changed });
  const configMaps = WATCHED_CONFIG_MAPS.map((wanted) => ({ wanted, mirror: mirror(projectConfigMap, { changed }) }));

  const reflect = (path: string, sink: Sink): Reflector =>
    new Reflector(connection, path, sink, () => {
      for (const check of [...waiting]) check();
    });
  const reflectors: Readonly<Record<Resource, readonly Reflector[]>> = {
    nodes: [reflect('/api/v1/nodes', nodes)],
    pods: [reflect('/api/v1/pods', pods)],
    services: [reflect('/api/v1/services', services)],
    endpointslices: [reflect('/apis/discovery.k8s.io/v1/endpointslices', slices)],
    namespaces: [reflect('/api/v1/namespaces', namespaces)],
    networkpolicies: [reflect('/apis/networking.k8s.io/v1/networkpolicies', policies)],
    configmaps: configMaps.map(({ wanted, mirror: sink }) =>
      reflect(`/api/v1/namespaces/${wanted.namespace}/configmaps?fieldSelector=metadata.name%3D${wanted.name}`, sink),
    ),
  };
  for (const reflector of Object.values(reflectors).flat()) void reflector.run(stop);

  const status = (): ClusterStatus => {
    const resources = RESOURCES.map((resource) => statusOf(resource, reflectors[resource]));
    const contacts = resources.map((r) => r.lastContactMs);
    return {
      synced: resources.every((r) => r.synced),
      lastContactMs:
        contacts.reduce((oldest, at) => (oldest === null || at === null ? null : Math.min(oldest, at))) ?? null,
      resources,
    };
  };
  const settled = (resource: Resource): boolean =>
    reflectors[resource].every(({ state }) => state.synced || (state.refused && DISPENSABLE.includes(resource)));

  let cached: { readonly view: ClusterObjects; readonly untilMs: number } | null = null;
  return {
    objects() {
      if (cached?.view.revision === revision && Date.now() < cached.untilMs) return cached.view;
      const terminatedPods = terminated.list();
      const view = buildView({
        revision,
        nodes: nodes.current(),
        pods: pods.current(),
        services: services.current(),
        endpointSlices: slices.current(),
        namespaces: namespaces.current(),
        networkPolicies: policies.current(),
        configMaps: new Map(configMaps.flatMap((entry) => [...entry.mirror.current()])),
        terminatedPods,
      });
      cached = { view, untilMs: terminated.nextExpiryMs() };
      return view;
    },
    status,
    ready: (timeoutMs) => whenReady({ settled, status, waiting, stop, timeoutMs }),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => controller.abort(),
  };
}

function statusOf(resource: Resource, reflectors: readonly Reflector[]): ResourceStatus {
  const states = reflectors.map((reflector) => reflector.state);
  const contacts = states.map((state) => state.lastContactMs);
  return {
    resource,
    synced: states.every((state) => state.synced),
    resourceVersion: states.map((state) => state.resourceVersion).join(','),
    lastContactMs: contacts.includes(null) ? null : Math.min(...contacts.map((at) => at ?? 0)),
    connected: states.every((state) => state.connected),
    error: states.find((state) => state.error !== null)?.error ?? null,
  };
}

interface Waiting {
  readonly settled: (resource: Resource) => boolean;
  readonly status: () => ClusterStatus;
  /** Called when any reflector's state changed. */
  readonly waiting: Set<() => void>;
  readonly stop: AbortSignal;
  readonly timeoutMs: number | undefined;
}

function whenReady({ settled, status, waiting, stop, timeoutMs }: Waiting): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (how: () => void): void => {
      waiting.delete(check);
      clearTimeout(timer);
      stop.removeEventListener('abort', aborted);
      how();
    };
    const check = (): void => {
      if (RESOURCES.every(settled)) finish(resolve);
    };
    const aborted = (): void => finish(() => reject(new Error('the watch of the cluster was ended')));
    const late = (): void => {
      const missing = status().resources.filter((r) => !settled(r.resource));
      const words = missing.map((r) => `${r.resource} (${r.error ?? 'no answer yet'})`).join(', ');
      finish(() => reject(new Error(`not listed within ${timeoutMs} ms: ${words}`)));
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs);
    waiting.add(check);
    stop.addEventListener('abort', aborted, { once: true });
    if (stop.aborted) aborted();
    else check();
  });
}
