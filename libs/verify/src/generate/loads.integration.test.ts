/** Random worlds are made of lines that the real tools take. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Kernel, startKernel } from '../kernel/kernel.ts';
import { generate } from './generate.ts';

let kernel: Kernel;
beforeAll(async () => {
  kernel = await startKernel();
});
afterAll(async () => {
  await kernel?.close();
});

it('forty worlds come up, none is refused', async () => {
  const refused: string[] = [];
  for (let index = 0; index < 40; index++)
    try {
      await (await kernel.bringUp(generate(71, index, 1))).close();
    } catch (error) {
      refused.push(`world 71/${index}: ${error instanceof Error ? error.message : String(error)}`);
    }
  expect(refused).toEqual([]);
});
