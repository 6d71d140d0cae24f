import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('the generated types are those of the routes (npm run generate -w @netverdict/sdk)', { timeout: 60_000 }, () => {
  const script = fileURLToPath(new URL('../scripts/generate.ts', import.meta.url));
  expect(() => execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' })).not.toThrow();
});
