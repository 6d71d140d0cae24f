/** Which namespaces a selector means, without asking each of them. */
import type { Cluster } from '../cluster.ts';
import { holds, type Requirement, type Selector, selectorKey } from '../selector.ts';

export interface NamespaceIndex {
  /** Positions among the namespaces in the order of their names. */
  select(selector: Selector): readonly number[];
}

export function namespaceIndex(cluster: Cluster, names: readonly string[]): NamespaceIndex {
  const all = names.map((_, i) => i);
  const byValue = new Map<string, number[]>();
  const byKey = new Map<string, number[]>();
  const add = (index: Map<string, number[]>, key: string, i: number): void => {
    const there = index.get(key);
    if (there) there.push(i);
    else index.set(key, [i]);
  };
  const labels = names.map((name) => cluster.namespaces.get(name)?.labels ?? new Map<string, string>());
  labels.forEach((own, i) => {
    for (const [key, value] of own) {
      add(byKey, key, i);
      add(byValue, `${key}=${value}`, i);
    }
  });
  /** Those among which all that the requirement means are; null: it narrows nothing down. */
  const candidates = ({ key, operator, values }: Requirement): readonly number[] | null => {
    switch (operator) {
      case 'In':
        return values.length === 1
          ? (byValue.get(`${key}=${values[0]}`) ?? [])
          : [...new Set(values.flatMap((value) => byValue.get(`${key}=${value}`) ?? []))].sort((a, b) => a - b);
      case 'Exists':
        return byKey.get(key) ?? [];
      case 'NotIn':
      case 'DoesNotExist':
        return null;
    }
  };
  const known = new Map<string, readonly number[]>();
  return {
    select(selector) {
      const key = selectorKey(selector);
      let found = known.get(key);
      if (found) return found;
      const { requirements } = selector;
      const narrowest = requirements.reduce<readonly number[]>((least, requirement) => {
        const list = candidates(requirement);
        return list !== null && list.length < least.length ? list : least;
      }, all);
      found = narrowest.filter((i) => requirements.every((r) => holds(r, labels[i] ?? new Map())));
      known.set(key, found);
      return found;
    },
  };
}
