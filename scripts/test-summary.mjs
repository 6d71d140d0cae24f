// Adds up vitest's JSON reports and prints the closing line that CI reads: `N passed, N failed[, N skipped]`.
import { readFileSync } from 'node:fs';

let passed = 0;
let failed = 0;
let skipped = 0;
for (const file of process.argv.slice(2)) {
  const report = JSON.parse(readFileSync(file, 'utf8'));
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  skipped += report.numPendingTests + report.numTodoTests;
  for (const suite of report.testResults) {
    // A file that fails to load has no tests, and must count all the same.
    if (suite.status === 'failed' && suite.assertionResults.every((r) => r.status !== 'failed')) {
      failed += 1;
      console.log(`failed to run: ${suite.name}: ${suite.message ?? ''}`);
    }
    for (const result of suite.assertionResults)
      if (result.status === 'failed') console.log(`failed: ${result.fullName}`);
  }
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
