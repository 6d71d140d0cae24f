/** An object against its shape: the first problems, in words. */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { ObjectProblem } from './problem.ts';

const MOST_TOLD = 8;
const compiled = new Map<TSchema, ReturnType<typeof Compile>>();

/** @returns nothing if it has the shape */
export function check(schema: TSchema, object: string, value: unknown): ObjectProblem[] {
  let validator = compiled.get(schema);
  if (!validator) {
    validator = Compile(schema);
    compiled.set(schema, validator);
  }
  if (validator.Check(value)) return [];
  const problems: ObjectProblem[] = [];
  for (const error of validator.Errors(value)) {
    const pointer = error.instancePath;
    const detail = inWords(error.keyword, error.params as Record<string, unknown>, error.message);
    if (detail === null || problems.some((p) => p.pointer === pointer && p.detail === detail)) continue;
    problems.push({ object, pointer, detail });
    if (problems.length === MOST_TOLD) break;
  }
  return problems.length > 0 ? problems : [{ object, pointer: '', detail: 'does not have the shape of its kind' }];
}

function inWords(keyword: string, params: Record<string, unknown>, message: string): string | null {
  switch (keyword) {
    case 'additionalProperties':
      return `has fields that do not exist: ${(params.additionalProperties as string[]).join(', ')}`;
    case 'required':
      return `lacks ${(params.requiredProperties as string[]).join(', ')}`;
    case 'enum':
      return `must be one of ${(params.allowedValues as string[]).join(', ')}`;
    // The members of a union say what is wrong.
    case 'anyOf':
      return null;
    default:
      return message;
  }
}
