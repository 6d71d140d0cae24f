/** What several kinds of policies share in how they are read. Problems are gathered, so that all of an object's are told at once. */
import { type Prefix, parsePrefix } from '@netverdict/linux-net';
import { EVERYTHING, type Labels, type Requirement, type Selector } from '../selector.ts';
import type { ObjectProblem } from './problem.ts';
import type { LabelSelector } from './schemas.ts';

export class Reading {
  readonly problems: ObjectProblem[] = [];
  readonly object: string;

  constructor(object: string) {
    this.object = object;
  }

  problem(pointer: string, detail: string): void {
    this.problems.push({ object: this.object, pointer, detail });
  }

  /** An absent selector selects as an empty one does; where absence means something else, the caller asks first. */
  selector(value: LabelSelector | undefined, pointer: string): Selector {
    if (value === undefined) return EVERYTHING;
    const requirements: Requirement[] = Object.entries(value.matchLabels ?? {}).map(([key, text]) => ({
      key,
      operator: 'In',
      values: [text],
    }));
    (value.matchExpressions ?? []).forEach(({ key, operator, values }, i) => {
      const listed = values ?? [];
      const needs = operator === 'In' || operator === 'NotIn';
      if (needs && listed.length === 0)
        this.problem(`${pointer}/matchExpressions/${i}/values`, `must not be empty with operator ${operator}`);
      if (!needs && listed.length > 0)
        this.problem(`${pointer}/matchExpressions/${i}/values`, `must be empty with operator ${operator}`);
      requirements.push({ key, operator, values: listed });
    });
    return { requirements };
  }

  prefix(text: string, pointer: string): Prefix | null {
    const parsed = text.includes('/') ? parsePrefix(text) : null;
    if (parsed?.ok) return parsed.value;
    this.problem(pointer, `"${text}" is not a CIDR such as 10.0.0.0/8 or 2001:db8::/32`);
    return null;
  }
}

export const labelsOf = (record: Readonly<Record<string, string>> | null | undefined): Labels =>
  new Map(Object.entries(record ?? {}));
