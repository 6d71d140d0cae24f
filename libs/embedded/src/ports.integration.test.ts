/** A port that was given out is nobody else's, though nobody listens there yet. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { freePort } from './ports.ts';

const ask = async (wanted: number): Promise<number> => {
  const code = `import { freePort } from ${JSON.stringify(new URL('./ports.ts', import.meta.url).href)}; console.log(await freePort(${wanted}));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]);
  return Number(stdout);
};

it('gives no port twice, and one that is wanted again to who had it', async () => {
  const ports = await Promise.all(Array.from({ length: 300 }, () => freePort()));
  expect(new Set(ports).size).toBe(ports.length);
  const [first = 0] = ports;
  expect(await freePort(first)).toBe(first);
});

it('gives another process another one', async () => {
  const port = await freePort();
  expect(await ask(port)).not.toBe(port);
});

it('gives the port of a process that has ended to who wants it', async () => {
  // Of none that others draw meanwhile.
  const port = 18_000 + (process.pid % 2000);
  expect(await ask(port)).toBe(port);
  expect(await ask(port)).toBe(port);
});
