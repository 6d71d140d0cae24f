/** The short form of `make chaos`: the same code, few diagnoses, each kind of failure once. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Report } from './run.ts';
import { SHORT } from './short.ts';

/** Half a minute on a quiet machine; what it waits for has limits of its own. */
const PATIENCE_MS = 600_000;

test('services, NATS with all its streams, Redis and PostgreSQL are killed and a namespace is cut off: whatever was accepted ends and is told', {
  timeout: PATIENCE_MS,
}, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'nv-chaos-report-'));
  const file = join(dir, 'report.json');
  try {
    const main = join(import.meta.dirname, 'main.ts');
    const said = await promisify(execFile)(process.execPath, [main, '--short', '--report', file]).catch(
      (error: { readonly stdout?: string; readonly stderr?: string }) => error,
    );
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
    expect(report.complaints, `${said.stderr}\n${said.stdout}`).toEqual([]);
    // Not only that nothing is missing: that there was something.
    expect(report.counts).toMatchObject({
      accepted: SHORT.diagnoses,
      lost: 0,
      webhooksWanted: 2 * SHORT.diagnoses,
      webhooksMissing: 0,
      webhooksInvented: 0,
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
