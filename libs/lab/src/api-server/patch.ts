/** PATCH bodies: JSON merge patch (RFC 7396), JSON patch (RFC 6902) and Kubernetes' strategic merge patch. */
import { badRequest } from './status.ts';

type Json = unknown;
type JsonObject = Record<string, Json>;
const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function mergePatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

/** Lists whose members are merged by a key; other lists are replaced. From the API types' patchMergeKey tags. */
const MERGE_KEYS: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  volumes: ['name'],
  ports: ['containerPort', 'port'],
  conditions: ['type'],
  addresses: ['type'],
  podIPs: ['ip'],
  ownerReferences: ['uid'],
  env: ['name'],
};

export function strategicMergePatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) && patch.$patch !== 'replace' ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (key === '$patch' || key.startsWith('$setElementOrder/') || key === '$retainKeys') continue;
    if (key.startsWith('$deleteFromPrimitiveList/')) {
      const field = key.slice('$deleteFromPrimitiveList/'.length);
      const gone = Array.isArray(value) ? value : [];
      const list = result[field];
      if (Array.isArray(list)) result[field] = list.filter((item) => !gone.includes(item));
    } else if (value === null) delete result[key];
    else if (Array.isArray(value)) result[key] = mergeList(key, result[key], value);
    else result[key] = strategicMergePatch(result[key], value);
  }
  return result;
}

function mergeList(field: string, target: Json, patch: readonly Json[]): Json {
  const mergeKey = MERGE_KEYS[field]?.find((key) => patch.every((item) => isObject(item) && key in item));
  if (mergeKey === undefined || !Array.isArray(target))
    return patch.filter((i) => !isObject(i) || i.$patch !== 'delete');
  const result = [...(target as Json[])];
  for (const item of patch) {
    if (!isObject(item)) continue;
    const index = result.findIndex((old) => isObject(old) && old[mergeKey] === item[mergeKey]);
    if (item.$patch === 'delete') {
      if (index >= 0) result.splice(index, 1);
    } else if (index >= 0) result[index] = strategicMergePatch(result[index], item);
    else result.push(item);
  }
  return result;
}

export function jsonPatch(target: Json, operations: Json): Json {
  if (!Array.isArray(operations)) throw badRequest('a JSON patch is a list of operations');
  const root: { value: Json } = { value: structuredClone(target) };
  for (const operation of operations as readonly Json[]) {
    if (!isObject(operation) || typeof operation.op !== 'string' || typeof operation.path !== 'string')
      throw badRequest('an operation of a JSON patch has op and path');
    const { op, path, value, from } = operation;
    if (op === 'add' || op === 'replace') put(root, path, value, op === 'add');
    else if (op === 'remove') remove(root, path);
    else if (op === 'test') {
      if (JSON.stringify(read(root, path)) !== JSON.stringify(value)) throw badRequest(`testing value ${path} failed`);
    } else if ((op === 'copy' || op === 'move') && typeof from === 'string') {
      const moved = structuredClone(read(root, from));
      if (op === 'move') remove(root, from);
      put(root, path, moved, true);
    } else throw badRequest(`unknown operation ${op}`);
  }
  return root.value;
}

const tokens = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));

/** The container of the pointed-at value, and its key there. */
function locate(root: { value: Json }, pointer: string): { parent: JsonObject | Json[]; key: string } {
  const path = ['value', ...tokens(pointer)];
  const key = path.pop() ?? 'value';
  let parent: Json = root;
  for (const token of path)
    parent = Array.isArray(parent) ? parent[Number(token)] : isObject(parent) ? parent[token] : undefined;
  if (!Array.isArray(parent) && !isObject(parent)) throw badRequest(`path ${pointer} does not exist`);
  return { parent, key };
}

function read(root: { value: Json }, pointer: string): Json {
  const { parent, key } = locate(root, pointer);
  return Array.isArray(parent) ? parent[Number(key)] : parent[key];
}

function put(root: { value: Json }, pointer: string, value: Json, insert: boolean): void {
  const { parent, key } = locate(root, pointer);
  if (!Array.isArray(parent)) parent[key] = value;
  else if (key === '-') parent.push(value);
  else parent.splice(Number(key), insert ? 0 : 1, value);
}

function remove(root: { value: Json }, pointer: string): void {
  const { parent, key } = locate(root, pointer);
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
}
