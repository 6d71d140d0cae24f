import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ECHO_IMAGE, imageArchive, PAUSE_IMAGE } from './image.ts';

test('the archive is one that tar reads, names its layer, and depends on the program alone', () => {
  const dir = mkdtempSync(join(tmpdir(), 'image-'));
  try {
    const program = join(dir, 'echo');
    writeFileSync(program, 'not really a program');
    const archive = imageArchive(program);
    expect(imageArchive(program).equals(archive)).toBe(true);
    const read = (...files: readonly string[]) =>
      execFileSync('tar', ['-xOf', '-', ...files], { input: archive, encoding: 'buffer' });
    const [manifest] = JSON.parse(read('manifest.json').toString()) as { RepoTags: string[]; Layers: string[] }[];
    expect(manifest).toMatchObject({ RepoTags: [PAUSE_IMAGE, ECHO_IMAGE], Layers: ['layer.tar'] });
    const listing = execFileSync('tar', ['-tvf', '-'], { input: read('layer.tar'), encoding: 'utf8' });
    expect(listing).toMatch(/^-rwxr-xr-x .* 20 .* echo\n$/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
