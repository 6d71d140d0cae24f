/**
 * Validates parameters and bodies against the routes' TypeBox schemas and says for each bad field what was wrong and
 * what would be right: a pointer, a detail, an expectation.
 */
import { type InvalidField, Question } from '@netverdict/contracts';
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import { Value } from 'typebox/value';
import { invalidRequest } from './problems.ts';
import { checkFurther, eachFlow, told, withinQuestion } from './question-fields.ts';

/** What would be right, where the schema's own words would not help a person. */
const EXPECTED: Readonly<Record<string, string>> = {
  '': 'a JSON object with source and destination',
  '/source': 'an object with exactly one of pod, workload, node, ip',
  '/source/pod': 'namespace/name, such as "shop/cart-6f9"',
  '/source/workload': 'kind/namespace/name, such as "deployment/shop/cart"',
  '/source/node': 'the name of a node, such as "node-1"',
  '/source/ip': 'an address such as 10.244.1.7 or fd00::7',
  '/destination': 'an object with exactly one of pod, workload, service, node, ip, name, and a port',
  '/destination/pod': 'namespace/name, such as "shop/payments-7c9"',
  '/destination/workload': 'kind/namespace/name, such as "deployment/shop/payments"',
  '/destination/service': 'namespace/name, such as "shop/payments"',
  '/destination/node': 'the name of a node, such as "node-2"',
  '/destination/ip': 'an address such as 10.96.0.80 or fd00::80',
  '/destination/name': 'a DNS name, such as "payments.shop.svc.cluster.local"',
  '/destination/port': 'a number, 1…65535, without quotes, or the name of a port, such as "http"',
  '/protocol': 'tcp, udp or icmp',
  '/cluster': 'the name of a cluster: lower-case letters, digits and dashes',
  '/sizeBytes': 'a whole number, 28…65535',
  '/sourcePort': 'a number, 1…65535',
  '/probe': 'true, or an object with attempts, perSecond, totalMs, slow',
  '/probe/attempts': 'a whole number, 1…50',
  '/probe/perSecond': 'a whole number, 1…100',
  '/probe/slow': 'true or false',
  '/probe/totalMs': 'a whole number of milliseconds, 500…20000',
  '/maxAgeMs': 'a whole number, 0…60000',
  '/callbackUrl': 'an http or https URL',
};

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
};

function describe(error: TLocalizedValidationError, root: unknown, schema: TSchema): InvalidField[] {
  const at = error.instancePath;
  const expectedAt = (pointer: string): string =>
    EXPECTED[withinQuestion(pointer)] ??
    choicesAt(schema, pointer) ??
    (error.keyword === 'required' ? 'a value' : error.message);
  const known = (parent: string): string => `one of ${Object.keys(fields(schema, parent)).join(', ')}`;
  switch (error.keyword) {
    case 'required':
      return error.params.requiredProperties.map((name) => ({
        pointer: `${at}/${name}`,
        detail: 'is missing',
        expected: expectedAt(`${at}/${name}`),
      }));
    case 'additionalProperties':
      return error.params.additionalProperties.map((name) => ({
        pointer: `${at}/${name}`,
        detail: 'is not a known field',
        expected: known(at),
      }));
    // `additionalProperties: false` also shows as the schema `false` at the field itself.
    case 'boolean':
      return [{ pointer: at, detail: 'is not a known field', expected: known(at.slice(0, at.lastIndexOf('/'))) }];
    default:
      return [{ pointer: at, detail: `is ${shown(Value.Pointer.Get(root, at))}`, expected: expectedAt(at) }];
  }
}

interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly anyOf?: readonly { readonly const?: unknown }[];
  readonly enum?: readonly unknown[];
  readonly items?: Shape;
}

const shapeAt = (schema: TSchema, at: string): Shape | undefined =>
  at
    .split('/')
    .slice(1)
    .reduce<Shape | undefined>(
      (shape, name) => shape?.properties?.[name] ?? (/^\d+$/.test(name) ? shape?.items : undefined),
      schema as Shape,
    );

/** The properties that the schema knows at an instance path. */
const fields = (schema: TSchema, at: string): object => shapeAt(schema, at)?.properties ?? {};

/** "accepted, resolving or completed", where only certain values will do. */
function choicesAt(schema: TSchema, at: string): string | null {
  const shape = shapeAt(schema, at);
  const values = shape?.enum ?? shape?.anyOf?.map((option) => option.const);
  if (!values || values.length === 0 || values.some((value) => value === undefined)) return null;
  return values.length === 1 ? String(values[0]) : `${values.slice(0, -1).join(', ')} or ${String(values.at(-1))}`;
}

/** One error per pointer: of a union the first, and of an object the ones that are not told by checkRequest. */
function distinct(errors: readonly InvalidField[]): InvalidField[] {
  const seen = new Map<string, InvalidField>();
  for (const error of errors) if (!seen.has(error.pointer)) seen.set(error.pointer, error);
  return [...seen.values()];
}

const COUNTS = new Set(['minProperties', 'maxProperties']);

interface Compiled {
  Check(value: unknown): boolean;
  Errors(value: unknown): TLocalizedValidationError[];
}

/** What is wrong by the schema alone. */
function faults(compiled: Compiled, value: unknown, schema: TSchema): InvalidField[] {
  if (compiled.Check(value)) return [];
  const found = compiled.Errors(value).filter((e) => !COUNTS.has(e.keyword));
  return distinct(found.flatMap((error) => describe(error, value, schema)));
}
const question = Compile(Question);

/** What is nested deeper than any of our documents would overflow the stack of whoever walks it. */
const DEEPEST = 32;
function tooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) return true;
    level = level.flatMap((one) =>
      typeof one === 'object' && one !== null ? Object.values(one).filter((below) => typeof below === 'object') : [],
    );
  }
  return false;
}

export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const compiled = Compile(schema);
  return (given: unknown): { value: unknown } | { error: Error } => {
    // Parameters come as text; a body is taken as it is: "80" is no number there.
    const value = httpPart === 'body' ? given : Value.Convert(schema, given);
    if (httpPart === 'body' && tooDeep(value))
      return {
        error: invalidRequest([{ pointer: '', detail: 'is nested too deeply', expected: `${DEEPEST} levels at most` }]),
      };
    const described =
      eachFlow(schema, value, (flow) => faults(question, flow, Question)) ?? faults(compiled, value, schema);
    if (described.length > 0) return { error: invalidRequest(told(described)) };
    const further = checkFurther(schema, value);
    return further.length > 0 ? { error: invalidRequest(told(further)) } : { value };
  };
};
