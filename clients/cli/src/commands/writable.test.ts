import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { UsageError } from '../exit-codes.ts';
import { verifyCommand } from './verify.ts';
import { fileToWrite, folderToWrite } from './writable.ts';

let here = '';
beforeAll(() => {
  here = mkdtempSync(join(tmpdir(), 'netverdict-writable-'));
  writeFileSync(join(here, 'file'), 'kept');
});
afterAll(() => rmSync(here, { recursive: true }));
const at = (path: string): string => (path.startsWith('/') ? path : join(here, path));

it.each([
  ['/proc/x', 'nothing can be made there'],
  ['/proc', 'nothing can be made there'],
  ['/dev/null/x', 'a part of it is no folder'],
  ['/dev/null', 'a part of it is no folder'],
  ['missing/x', 'nothing can be made there'],
  ['file', 'a part of it is no folder'],
])('fixtures cannot go to %s: %s', (path, why) => {
  const right = 'write a folder that can be written to, or a new one in a folder that is there';
  expect(() => folderToWrite('--fixtures', at(path))).toThrow(
    new UsageError(`--fixtures ${at(path)}: ${why}; ${right}`),
  );
});

it.each([
  ['/proc/x', 'nothing can be made there'],
  ['/dev/null/x', 'a part of it is no folder'],
  ['missing/x.json', 'nothing can be made there'],
  ['.', 'it is a folder'],
])('a report cannot go to %s: %s', (path, why) => {
  const right = 'write a file that can be written to, in a folder that is there';
  expect(() => fileToWrite('--output', at(path))).toThrow(new UsageError(`--output ${at(path)}: ${why}; ${right}`));
});

it.each([
  ['--fixtures', { fixtures: '/proc/x' }],
  ['--output', { output: '/proc/x' }],
  ['--record', { record: '/proc/x' }],
] as const)('verify refuses a wrong %s before it does anything else', async (option, wrong) => {
  const asked = verifyCommand({ flows: '10', shrink: false, ...wrong });
  await expect(asked).rejects.toThrow(UsageError);
  await expect(asked).rejects.toThrow(`${option} /proc/x: nothing can be made there`);
});

it('a new folder is made, one that is there is kept, and nothing stays in either', () => {
  folderToWrite('--fixtures', at('new'));
  folderToWrite('--fixtures', at('new'));
  expect(readdirSync(at('new'))).toEqual([]);
  folderToWrite('--fixtures', here);
  expect(readdirSync(here).sort()).toEqual(['file', 'new']);
});

it('a file that is there keeps what it holds, a new one is not made yet', () => {
  fileToWrite('--output', at('file'));
  expect(readFileSync(at('file'), 'utf8')).toBe('kept');
  fileToWrite('--record', at('later'));
  expect(existsSync(at('later'))).toBe(false);
  fileToWrite('--output', '/dev/null');
});
