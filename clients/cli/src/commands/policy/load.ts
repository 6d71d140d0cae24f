/** Manifests from files, folders and stdin, as a cluster that policies can be asked about. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Cluster,
  formatProblem,
  type KubernetesObject,
  type Matrix,
  matrixOf,
  readCluster,
} from '@netverdict/netpol';
import { parseAllDocuments } from 'yaml';
import { UsageError } from '../../exit-codes.ts';
import { whyUnreadable } from '../../unreadable.ts';

const MANIFEST = /\.(ya?ml|json)$/;

/** Every file below a folder, in the order of their names. */
function filesOf(path: string): string[] {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch (cause) {
    throw new UsageError(`${path} can't be read: ${whyUnreadable(cause)}`);
  }
  if (!isFolder) return [path];
  const found = readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => MANIFEST.test(name))
    .sort()
    .map((name) => join(path, name));
  if (found.length === 0) throw new UsageError(`${path} holds no manifests (.yaml, .yml or .json)`);
  return found;
}

function objectsOf(path: string): KubernetesObject[] {
  const name = path === '-' ? 'stdin' : path;
  const text = readFileSync(path === '-' ? 0 : path, 'utf8');
  const documents = parseAllDocuments(text);
  const [wrong] = documents.flatMap((document) => document.errors);
  if (wrong) throw new UsageError(`${name} is not YAML: ${wrong.message.split('\n')[0]}`);
  return documents.flatMap((document, i) => {
    const value: unknown = document.toJS({ maxAliasCount: 1000 });
    if (value === null || value === undefined) return [];
    if (typeof value !== 'object' || Array.isArray(value))
      throw new UsageError(`${name}: document ${i + 1} is no Kubernetes object`);
    return [value as KubernetesObject];
  });
}

/** @param paths files, folders, or `-` for stdin. @throws UsageError naming each policy that can't be understood */
export function loadCluster(paths: readonly string[]): Cluster {
  const objects = paths.flatMap((path) => (path === '-' ? ['-'] : filesOf(path))).flatMap(objectsOf);
  const { cluster, problems } = readCluster(objects);
  if (problems.length > 0) {
    const lines = problems.map((problem) => `  ${formatProblem(problem)}`).join('\n');
    throw new UsageError(`policies that can't be understood, so no answer would be right:\n${lines}`);
  }
  if (cluster.pods.size === 0)
    throw new UsageError(
      `no pods in ${paths.join(', ')}: policies are about pods. From a cluster: kubectl get namespaces,nodes,pods,networkpolicies -A -o yaml | netverdict policy … -f -`,
    );
  return cluster;
}

/** Every pair is computed: beyond this a table is nothing that anybody reads, and it takes minutes. */
const MOST_WORKLOADS = 2000;

/** @param comparedWith what this one will be compared with */
export function matrixFor(cluster: Cluster, comparedWith?: Cluster): Matrix {
  try {
    return matrixOf(cluster, { mostWorkloads: MOST_WORKLOADS, ...(comparedWith ? { comparedWith } : {}) });
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`${error.message}. Name fewer namespaces' manifests.`);
    throw error;
  }
}
