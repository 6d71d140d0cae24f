import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVICES, type Settings } from '@netverdict/configuration';
import { describe, expect, test } from 'vitest';
import { helmPath, RENDERED, render } from '../testing/charts.ts';
import { faultsOf, type KubernetesObject, parseObjects, rendered } from './chart-objects.ts';

const NAMES = Object.keys(RENDERED);
const ofKind = (objects: readonly KubernetesObject[], ...kinds: string[]) =>
  objects.filter(({ kind }) => kinds.includes(kind));
const workloads = (objects: readonly KubernetesObject[]) => ofKind(objects, 'Deployment', 'DaemonSet', 'StatefulSet');
const isAgent = (object: KubernetesObject) => object.kind === 'DaemonSet';

describe.each(NAMES)('the chart, rendered as %s', (name) => {
  const objects = rendered(name);

  test("every object is one that Kubernetes' schemas accept", () => {
    // The Prometheus operator's own; what it selects is looked at below.
    const known = objects.filter(({ kind }) => kind !== 'ServiceMonitor');
    expect(known.length).toBeGreaterThan(8);
    for (const object of known) expect(faultsOf(object), `${object.kind} ${object.metadata.name}`).toEqual([]);
  });

  test('no container is privileged or can become more than it is, and no root can be written', () => {
    for (const { kind, metadata, spec } of workloads(objects))
      for (const { securityContext } of spec.template.spec.containers)
        expect(securityContext, `${kind} ${metadata.name}`).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
  });

  test('only the agent runs as root, has capabilities and sees the node', () => {
    for (const object of workloads(objects).filter((workload) => !isAgent(workload))) {
      const { spec } = object.spec.template;
      expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      expect([spec.hostPID, spec.hostNetwork]).toEqual([undefined, undefined]);
      for (const volume of spec.volumes) expect(volume.hostPath, object.metadata.name).toBeUndefined();
      for (const container of spec.containers) expect(container.securityContext.capabilities.add).toBeUndefined();
    }
  });

  test('the agent has these capabilities and no others', () => {
    const [agent] = workloads(objects).filter(isAgent);
    const { securityContext } = agent?.spec.template.spec.containers[0] ?? {};
    expect(securityContext.privileged).toBe(false);
    expect(securityContext.capabilities.add.toSorted()).toEqual(
      ['BPF', 'DAC_READ_SEARCH', 'NET_ADMIN', 'NET_RAW', 'PERFMON', 'SYSLOG', 'SYS_ADMIN', 'SYS_PTRACE'].toSorted(),
    );
  });

  test('topology alone has a token of the API server, with which it lists and watches what its informers do', () => {
    for (const { metadata, spec } of workloads(objects))
      expect(spec.template.spec.automountServiceAccountToken, metadata.name).toBe(metadata.name.endsWith('-topology'));
    const rules = ofKind(objects, 'ClusterRole', 'Role').flatMap((role) => role.rules as Record<string, string[]>[]);
    expect(new Set(rules.flatMap(({ verbs }) => verbs))).toEqual(new Set(['list', 'watch']));
    const watched = readFileSync(join(import.meta.dirname, '../../libs/kube/src/watch/watch-cluster.ts'), 'utf8');
    const paths = [...watched.matchAll(/reflect\([`'][^`']*\/([a-z]+)(?:\?[^`']*)?[`']/g)].map(([, path]) => path);
    expect(paths).toContain('configmaps');
    expect(new Set(rules.flatMap(({ resources }) => resources))).toEqual(new Set(paths));
  });

  test('each service is told all that it must be told, and nothing that it does not know', () => {
    for (const { metadata, spec } of workloads(objects)) {
      const service = Object.entries<Settings>(SERVICES).find(([part]) => metadata.name.endsWith(`-${part}`));
      if (service === undefined) continue; // A bundled server.
      const [container] = spec.template.spec.containers as { env: { name: string }[] }[];
      const given = (container?.env ?? []).map(({ name: variable }) => variable);
      const settings = Object.values(service[1]);
      const known = settings.flatMap((setting) => [setting.name, `${setting.name}_FILE`] as string[]);
      const ours = given.filter((variable) => variable.startsWith('NETVERDICT_'));
      expect(
        ours.filter((variable) => !known.includes(variable)),
        metadata.name,
      ).toEqual([]);
      const missing = settings.filter(
        (setting) =>
          setting.fallback.required && !given.includes(setting.name) && !given.includes(`${setting.name}_FILE`),
      );
      expect(
        missing.map((setting) => setting.name),
        metadata.name,
      ).toEqual([]);
    }
  });

  test('whatever selects pods selects some, and what is mounted is there', () => {
    const pods = workloads(objects).map(({ spec }) => spec.template);
    const selects = (labels: Record<string, string>) =>
      pods.some(({ metadata }) => Object.entries(labels).every(([key, value]) => metadata.labels[key] === value));
    for (const { kind, metadata, spec } of ofKind(objects, 'PodDisruptionBudget', 'NetworkPolicy', 'Service')) {
      const labels = spec.selector?.matchLabels ?? spec.podSelector?.matchLabels ?? spec.selector;
      expect(selects(labels), `${kind} ${metadata.name}`).toBe(true);
    }
    for (const { spec } of ofKind(objects, 'ServiceMonitor')) {
      const services = ofKind(objects, 'Service').filter(({ metadata }) =>
        Object.entries(spec.selector.matchLabels).every(([key, value]) => metadata.labels?.[key] === value),
      );
      expect(services.flatMap((service) => service.spec.ports).map((port) => port.name)).toContain(
        spec.endpoints[0].port,
      );
    }
    for (const { spec } of workloads(objects)) {
      const claims = (spec.volumeClaimTemplates ?? []).map((claim: KubernetesObject) => claim.metadata.name);
      const volumes = spec.template.spec.volumes.map((volume: { name: string }) => volume.name);
      for (const container of spec.template.spec.containers)
        for (const mount of container.volumeMounts) expect([...volumes, ...claims]).toContain(mount.name);
    }
  });
});

test('a wrong object is found: a misspelt field, a missing one, a value of the wrong kind', () => {
  const deployment = rendered('hub').find(({ kind }) => kind === 'Deployment');
  if (deployment === undefined) throw new Error('no Deployment is rendered');
  const changed = (change: (copy: KubernetesObject) => void) => {
    const copy = structuredClone(deployment);
    change(copy);
    return faultsOf(copy);
  };
  expect(changed((copy) => Object.assign(copy.spec.template.spec, { hostNetwrok: true }))).toEqual([
    'Deployment.spec.template.spec.hostNetwrok is no field of Kubernetes',
  ]);
  expect(changed((copy) => Reflect.deleteProperty(copy.spec, 'selector')).join()).toMatch(/selector/);
  expect(changed((copy) => Object.assign(copy.spec, { replicas: 'two' })).join()).toMatch(/replicas/);
});

const helm = helmPath();
if (helm === null)
  console.warn('helm is neither in PATH nor named by NETVERDICT_HELM: what it renders is not compared');

test('every rendered file belongs to a set of values', () => {
  const files = readdirSync(join(import.meta.dirname, '../../deploy/helm/rendered'));
  expect(files.toSorted()).toEqual(NAMES.map((name) => `${name}.yaml`).toSorted());
});

test.skipIf(helm === null).each(NAMES)('helm renders %s as it is kept', (name) => {
  expect(parseObjects(render(helm ?? '', RENDERED[name] ?? []))).toEqual(rendered(name));
});

test.skipIf(helm === null).each([
  ['mode=member', 'bundled'],
  ['api.replica=3', 'additional properties'],
  ['mode=spoke', 'mode'],
  ['cluster=', 'cluster'],
  ['redis.bundled=false', 'redis.existingSecret is needed'],
])('helm refuses %s, and says why', (values, reason) => {
  expect(() => render(helm ?? '', [values])).toThrow(reason);
});
