import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** The processes that tests start find their code compiled, as the services of `netverdict up` do: half of a start's CPU time. */
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/netverdict-compile');

const ALONE = ['tests/monitoring/budget.test.ts', 'tests/monitoring/idle.test.ts'];

/** `unit`: pure, anywhere. `integration`: real engines, kernel and root. `kernel`: the model judged by this kernel. `scenarios`: the lab against the real packet. `alone`: what measures CPU time or calm. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          setupFiles: ['scripts/property-seed.ts'],
          include: ['{libs,services,clients}/*/src/**/*.test.ts'],
          exclude: ['**/*.integration.test.ts', '**/*.kernel.test.ts'],
          // The slowest take a second; beside other work on two cores that is not the five of the default.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['{libs,services,clients}/*/src/**/*.integration.test.ts', 'tests/{integration,chaos}/**/*.test.ts'],
          testTimeout: 60_000,
          // A lab with all services takes ten seconds, and two at once on a busy machine a hundred.
          hookTimeout: 180_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'kernel',
          include: ['libs/verify/src/**/*.kernel.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'scenarios',
          include: ['tests/scenarios/**/*.test.ts', 'tests/monitoring/**/*.test.ts'],
          exclude: ALONE,
          testTimeout: 60_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'alone',
          include: ALONE,
          testTimeout: 60_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
