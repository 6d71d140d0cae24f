// Adds up what counting-reporter.ts wrote and prints the closing line that CI reads: `N passed, N failed[, N skipped]`.
// Arguments: pairs of a file of counts and the exit status of the run that wrote it.
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { SuiteCounts } from './counting-reporter.ts';

let passed = 0;
let skipped = 0;
const failures: string[] = [];
for (let i = 2; i < process.argv.length; i += 2) {
  const [file, status] = [process.argv[i] as string, process.argv[i + 1]];
  const suite = basename(file, '.json');
  if (!existsSync(file)) {
    failures.push(`the ${suite} run ended with status ${status} and left no counts`);
    continue;
  }
  const counts: SuiteCounts = JSON.parse(readFileSync(file, 'utf8'));
  passed += counts.passed;
  skipped += counts.skipped;
  failures.push(...counts.failures.map((failure) => `${suite}: ${failure}`));
  // Whatever else makes a run fail must not be a number that says that nothing did.
  if (status !== '0' && counts.failures.length === 0)
    failures.push(`the ${suite} run ended with status ${status}, of no test’s doing`);
}
for (const failure of failures) console.log(`failed: ${failure}`);
console.log(`${passed} passed, ${failures.length} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failures.length > 0 || passed === 0 ? 1 : 0;
