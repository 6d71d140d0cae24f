import { expect, test } from 'vitest';
import { openApiDocument } from './openapi-document.ts';

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}

const text = await openApiDocument();
const document = JSON.parse(text) as {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
};
const operations = Object.values(document.paths).flatMap((path) => Object.values(path));

test('every operation has a name, a summary and problems for its errors', () => {
  expect(document.openapi).toBe('3.1.0');
  expect(operations.length).toBeGreaterThan(8);
  expect(new Set(operations.map((o) => o.operationId)).size).toBe(operations.length);
  for (const operation of operations) {
    expect(operation.summary).toBeTruthy();
    for (const [status, response] of Object.entries(operation.responses))
      if (status >= '400' && operation.operationId !== 'readyz')
        expect(Object.keys(response.content ?? {})).toEqual(['application/problem+json']);
  }
});

test('every reference leads to a component', () => {
  const references = new Set([...text.matchAll(/"\$ref": "([^"]*)"/g)].map(([, reference]) => reference ?? ''));
  for (const reference of references)
    expect(document.components.schemas).toHaveProperty([reference.replace('#/components/schemas/', '')]);
});
