import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/** What one suite's run came to, as `test-summary.ts` adds it up. */
export interface SuiteCounts {
  readonly passed: number;
  readonly skipped: number;
  /** Full names of the tests and files that failed, and the errors that belong to no test: vitest ends with status 1 for those too. */
  readonly failures: readonly string[];
}

/** Writes {@link SuiteCounts} as JSON to the file named by `NETVERDICT_COUNTS`. vitest's own JSON report leaves out errors that no test caught. */
export default class CountingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly { message?: unknown; stack?: unknown }[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const failures = [
      ...tests.filter((test) => test.result().state === 'failed').map((test) => test.fullName),
      ...modules.flatMap((module) =>
        module.errors().map((error) => `${module.relativeModuleId} could not run: ${error.message}`),
      ),
      ...modules.flatMap((module) =>
        [...module.children.allSuites()].flatMap((suite) =>
          suite.errors().map((error) => `${suite.fullName}: ${error.message}`),
        ),
      ),
      ...unhandled.map((error) => `an error outside of any test: ${String(error.stack ?? error.message ?? error)}`),
    ];
    const counts: SuiteCounts = {
      passed: tests.filter((test) => test.result().state === 'passed').length,
      skipped: tests.filter((test) => test.result().state === 'skipped').length,
      failures,
    };
    const file = process.env.NETVERDICT_COUNTS;
    if (file) writeFileSync(file, JSON.stringify(counts));
  }
}
