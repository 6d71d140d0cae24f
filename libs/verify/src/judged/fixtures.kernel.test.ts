/** Every world of libs/verify/fixtures in the kernel: found by a disagreement once, or written by hand. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Kernel, startKernel } from '../kernel/kernel.ts';
import { disagreementText } from '../report/text.ts';
import { judge } from '../run/judge.ts';
import { readFixture } from '../world/fixture.ts';

const folder = new URL('../../fixtures/', import.meta.url);
const fixtures = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => [file, readFixture(readFileSync(new URL(file, folder), 'utf8'), file)] as const);

let kernel: Kernel;
beforeAll(async () => {
  kernel = await startKernel();
});
afterAll(async () => {
  await kernel?.close();
});

it.each(fixtures.map(([file, fixture]) => [fixture.title, file, fixture] as const))(
  '%s (%s)',
  async (_, __, fixture) => {
    const { flows } = await judge(kernel, fixture.world, null);
    const wrong = flows.flatMap(({ flow, comparison }) => {
      if (comparison.kind === 'agrees') return [];
      if (comparison.kind === 'undetermined')
        return [`flow ${flow.id} is undetermined: ${comparison.unknowns.join('; ')}`];
      const { differences } = comparison;
      return [disagreementText({ world: fixture.world.id, flow: flow.id, differences, shrunk: fixture.world })];
    });
    expect(wrong.join('\n')).toBe('');
  },
);
