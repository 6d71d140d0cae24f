/** Label selectors (k8s.io/apimachinery/pkg/labels): every requirement has to hold; none is everything. */

export type Labels = ReadonlyMap<string, string>;

export interface Requirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values: readonly string[];
}

export interface Selector {
  readonly requirements: readonly Requirement[];
}

export const EVERYTHING: Selector = { requirements: [] };

export function holds({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = labels.get(key);
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    // Also of an object that has no such label.
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

export const selects = (selector: Selector, labels: Labels): boolean =>
  selector.requirements.every((requirement) => holds(requirement, labels));

/** As kubectl takes it: `app=web,tier in (a,b),!old`. */
export const formatSelector = ({ requirements }: Selector): string =>
  requirements.length === 0 ? 'all' : requirements.map(formatRequirement).join(',');

function formatRequirement({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'In':
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(',')})`;
    case 'NotIn':
      return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${values.join(',')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
  }
}

/** Two selectors are the same where these texts are. */
export const selectorKey = ({ requirements }: Selector): string =>
  requirements
    .map(({ key, operator, values }) => `${key} ${operator} ${[...values].sort().join(',')}`)
    .sort()
    .join(';');
