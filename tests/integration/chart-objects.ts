/** Kubernetes objects as the chart renders them, and what Kubernetes itself would say of their shape. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as client from '@kubernetes/client-node';
import { DaemonSet, Deployment, StatefulSet } from 'kubernetes-models/apps/v1';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ClusterRole, ClusterRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1';
import { ConfigMap, Secret, Service, ServiceAccount } from 'kubernetes-models/v1';
import { parseAllDocuments } from 'yaml';

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  // biome-ignore lint/suspicious/noExplicitAny: what is in it differs with the kind, and is what the tests look into.
  readonly [field: string]: any;
}

export const parseObjects = (text: string): KubernetesObject[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null);

export const rendered = (name: string): KubernetesObject[] =>
  parseObjects(readFileSync(join(import.meta.dirname, `../../deploy/helm/rendered/${name}.yaml`), 'utf8'));

interface Schema {
  readonly apiVersion: string;
  // biome-ignore lint/suspicious/noExplicitAny: that it is of the right shape is what is to be found out.
  new (object: any): { validate(): void };
}

/** By kind: the schema, and the client's model with the names of all fields. */
const KINDS: Readonly<Record<string, readonly [Schema, string]>> = {
  ConfigMap: [ConfigMap, 'V1ConfigMap'],
  Secret: [Secret, 'V1Secret'],
  Service: [Service, 'V1Service'],
  ServiceAccount: [ServiceAccount, 'V1ServiceAccount'],
  DaemonSet: [DaemonSet, 'V1DaemonSet'],
  Deployment: [Deployment, 'V1Deployment'],
  StatefulSet: [StatefulSet, 'V1StatefulSet'],
  HorizontalPodAutoscaler: [HorizontalPodAutoscaler, 'V2HorizontalPodAutoscaler'],
  NetworkPolicy: [NetworkPolicy, 'V1NetworkPolicy'],
  PodDisruptionBudget: [PodDisruptionBudget, 'V1PodDisruptionBudget'],
  ClusterRole: [ClusterRole, 'V1ClusterRole'],
  ClusterRoleBinding: [ClusterRoleBinding, 'V1ClusterRoleBinding'],
};

interface Model {
  getAttributeTypeMap(): readonly { readonly baseName: string; readonly type: string }[];
}
const modelOf = (type: string): Model | null => {
  const found: unknown = Reflect.get(client, type);
  return typeof found === 'function' && 'getAttributeTypeMap' in found ? (found as Model & typeof found) : null;
};

/** A field that Kubernetes does not have is dropped by the API server, and what it was to say with it. */
function unknownFields(value: unknown, type: string, path: string): string[] {
  const items = /^Array<(.+)>$/.exec(type)?.[1];
  if (items !== undefined && Array.isArray(value))
    return value.flatMap((entry, i) => unknownFields(entry, items, `${path}[${i}]`));
  const model = modelOf(type);
  if (model === null || typeof value !== 'object' || value === null) return [];
  const fields = new Map(model.getAttributeTypeMap().map((field) => [field.baseName, field.type]));
  return Object.entries(value).flatMap(([key, inner]) => {
    const known = fields.get(key);
    return known === undefined ? [`${path}.${key}`] : unknownFields(inner, known, `${path}.${key}`);
  });
}

/** What is wrong with it; empty: nothing. */
export function faultsOf(object: KubernetesObject): string[] {
  const [Known, model] = KINDS[object.kind] ?? [];
  if (Known === undefined || model === undefined) return [`${object.kind}: no schema is known for it`];
  const faults = unknownFields(object, model, object.kind).map((path) => `${path} is no field of Kubernetes`);
  try {
    new Known(object).validate();
  } catch (error) {
    faults.push((error as Error).message);
  }
  if (Known.apiVersion !== object.apiVersion) faults.push(`${object.kind} is of ${Known.apiVersion}`);
  return faults;
}
