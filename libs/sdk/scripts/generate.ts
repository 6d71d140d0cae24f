/**
 * Makes src/generated/schema.ts from the OpenAPI document that the api's routes give, without any engine.
 * `--check` writes nothing and fails when the file is not current.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import openapiTs, { astToString, COMMENT_HEADER, type OpenAPI3 } from 'openapi-typescript';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const target = here('../src/generated/schema.ts');
// A process of its own: libs import no service.
const document = execFileSync(process.execPath, [here('../../../services/api/src/openapi-document.ts')], {
  encoding: 'utf8',
  maxBuffer: 16 * 1024 * 1024,
});
const ast = await openapiTs(JSON.parse(document) as OpenAPI3, { alphabetize: true });
const text = `${COMMENT_HEADER}${astToString(ast)}`;
if (!process.argv.includes('--check')) writeFileSync(target, text);
else if (readFileSync(target, 'utf8') !== text) {
  process.stderr.write('src/generated/schema.ts is not current: run `npm run generate -w @netverdict/sdk`\n');
  process.exitCode = 1;
}
