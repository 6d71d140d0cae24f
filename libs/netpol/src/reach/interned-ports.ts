/** Sets of ports as numbers, with what is asked of two of them kept: the same few sets are met again and again. */
import { ALL_PORTS, formatPorts, intersection, isEmpty, NO_PORTS, type PortSet, union } from '../matrix/port-set.ts';

/** The number of every port; none is 0. */
export const ALL = 1;

export interface InternedPorts {
  number(set: PortSet): number;
  set(number: number): PortSet;
  union(a: number, b: number): number;
  /** 0: nothing; 1: something; 2: every port. */
  common(a: number, b: number): 0 | 1 | 2;
}

export function internedPorts(): InternedPorts {
  const sets: PortSet[] = [NO_PORTS, ALL_PORTS];
  const numbers = new Map([NO_PORTS, ALL_PORTS].map((set, i) => [formatPorts(set), i]));
  const unions = new Map<number, number>();
  const commons = new Map<number, 0 | 1 | 2>();
  const number = (set: PortSet): number => {
    const text = formatPorts(set);
    let known = numbers.get(text);
    if (known === undefined) {
      known = sets.push(set) - 1;
      numbers.set(text, known);
    }
    return known;
  };
  const set = (n: number): PortSet => sets[n] as PortSet;
  const pair = (a: number, b: number): number => (a < b ? a * 0x100000 + b : b * 0x100000 + a);
  return {
    number,
    set,
    union(a, b) {
      if (a === b || b === 0) return a;
      if (a === 0) return b;
      if (a === ALL || b === ALL) return ALL;
      const key = pair(a, b);
      const known = unions.get(key) ?? number(union(set(a), set(b)));
      unions.set(key, known);
      return known;
    },
    common(a, b) {
      if (a === 0 || b === 0) return 0;
      if (a === ALL && b === ALL) return 2;
      if (a === ALL || b === ALL) return 1;
      const key = pair(a, b);
      const known = commons.get(key) ?? (isEmpty(intersection(set(a), set(b))) ? 0 : 1);
      commons.set(key, known);
      return known;
    },
  };
}
