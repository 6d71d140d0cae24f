import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bundle } from '@netverdict/bundle';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EXIT, UsageError } from '../exit-codes.ts';
import { replayBundle } from './replay.ts';

const FIXTURE = new URL('../../../../libs/bundle/fixtures/node-forward-drop/bundle.json', import.meta.url);

let dir: string;
let said: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nv-replay-'));
  said = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true });
});

function written(change: (sections: Record<string, string>) => void): string {
  const bundle = JSON.parse(readFileSync(FIXTURE, 'utf8')) as Bundle;
  change(bundle.sections);
  const path = join(dir, 'bundle.json');
  writeFileSync(path, JSON.stringify(bundle));
  return path;
}

describe('a bundle is replayed', () => {
  test('as it was made', () => {
    expect(
      replayBundle(
        written(() => {}),
        { lang: 'en' },
      ),
    ).toBe(EXIT.unreachable);
    expect(said).toContain('NV-');
  });
  test('though a counter moved, which the digest leaves out', () => {
    const path = written((sections) => {
      for (const [digest, text] of Object.entries(sections))
        sections[digest] = text.replace(/^(:\w+ (?:ACCEPT|DROP)) \[\d+:\d+\]$/gm, '$1 [123456:789]');
    });
    expect(readFileSync(path, 'utf8')).toContain('[123456:789]');
    expect(replayBundle(path, { lang: 'en' })).toBe(EXIT.unreachable);
  });
});

test('a bundle with a text that does not have its digest is refused by name', () => {
  const path = written((sections) => {
    for (const [digest, text] of Object.entries(sections))
      if (/^-A FORWARD .*-j DROP/m.test(text))
        sections[digest] = text.replace(/^(-A FORWARD .*-j) DROP/gm, '$1 ACCEPT');
  });
  const refused = () => replayBundle(path, { lang: 'en' });
  expect(refused).toThrow(UsageError);
  expect(refused).toThrow(/digest of iptables-nft-save of /);
  expect(said).toBe('');
});
