/** labelSelector and fieldSelector of lists and watches. */
import type { KubeObject } from './object.ts';
import { badRequest } from './status.ts';

export type Selector = (object: KubeObject) => boolean;

/** Both parameters as they stand in the query; null selects everything. */
export function parseSelector(label: string | null, field: string | null): Selector {
  const tests = [...parseLabels(label ?? ''), ...parseFields(field ?? '')];
  return (object) => tests.every((test) => test(object));
}

/** Commas separate requirements, but not inside parentheses. */
const split = (text: string): string[] =>
  text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');

function parseLabels(text: string): Selector[] {
  return split(text).map((part) => {
    const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(part);
    if (set !== null) {
      const [, key = '', operator, list = ''] = set;
      const values = list.split(',').map((value) => value.trim());
      return (o) => {
        const value = o.metadata.labels?.[key];
        return operator === 'in'
          ? value !== undefined && values.includes(value)
          : value === undefined || !values.includes(value);
      };
    }
    const equality = /^([^\s=!]+)\s*(==|=|!=)\s*([^\s=!]*)$/.exec(part);
    if (equality !== null) {
      const [, key = '', operator, value] = equality;
      return (o) => (o.metadata.labels?.[key] === value) === (operator !== '!=');
    }
    const existence = /^(!?)\s*([^\s=!()]+)$/.exec(part);
    if (existence === null) throw badRequest(`unable to parse requirement: "${part}"`);
    const [, not, key = ''] = existence;
    return (o) => (o.metadata.labels?.[key] !== undefined) === (not === '');
  });
}

const FIELDS: Readonly<Record<string, (o: KubeObject) => string>> = {
  'metadata.name': (o) => o.metadata.name,
  'metadata.namespace': (o) => o.metadata.namespace ?? '',
  'spec.nodeName': (o) => textAt(o, 'spec', 'nodeName'),
  'status.phase': (o) => textAt(o, 'status', 'phase'),
  'status.podIP': (o) => textAt(o, 'status', 'podIP'),
};

function textAt(object: KubeObject, part: string, field: string): string {
  const inner = object[part];
  if (typeof inner !== 'object' || inner === null) return '';
  const value: unknown = Reflect.get(inner, field);
  return typeof value === 'string' ? value : '';
}

function parseFields(text: string): Selector[] {
  return split(text).map((part) => {
    const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(part);
    const read = FIELDS[match?.[1] ?? ''];
    if (match === null || read === undefined) throw badRequest(`field label not supported: ${match?.[1] ?? part}`);
    return (o) => (read(o) === match[3]) === (match[2] !== '!=');
  });
}
