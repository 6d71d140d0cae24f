import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EvaluationJob } from './protocol.ts';
import { EvaluationThread } from './thread.ts';

/** A worker that does what the flow's source port says. */
const WORKER = `
const { parentPort } = require('node:worker_threads');
parentPort.on('message', ({ id, job, texts }) => {
  const port = job.flow.sourcePort;
  if (port === 1) process.exit(3);
  if (port === 2) for (;;);
  if (port === 3) { const hog = []; for (;;) hog.push(new Array(1e5).fill(hog.length)); }
  if (port === 4) return parentPort.postMessage({ kind: 'failed', id, message: 'bug' });
  if (port === 5 && texts.size === 0) return parentPort.postMessage({ kind: 'texts-wanted', id, digests: ['a', 'b'] });
  if (port === 6) return parentPort.postMessage({ kind: 'texts-wanted', id, digests: ['a'] });
  parentPort.postMessage({ kind: 'result', id, result: { simulateMs: 0, needs: [...texts] } });
});`;

const job = (sourcePort: number) => ({ flow: { sourcePort } }) as unknown as EvaluationJob;
const load = async (digest: string): Promise<string | null> => (digest === 'a' ? 'text of a' : null);

describe('the evaluation thread', () => {
  const dir = mkdtempSync(join(tmpdir(), 'nv-thread-'));
  const file = join(dir, 'worker.cjs');
  let thread: EvaluationThread;
  beforeAll(() => {
    writeFileSync(file, WORKER);
    thread = new EvaluationThread({ limitMs: 1500, maxHeapMb: 32, file: pathToFileURL(file) });
  });
  afterAll(async () => {
    await thread.close();
    rmSync(dir, { recursive: true });
  });

  it.each([
    ['exits', 1, 'ended with code 3'],
    ['loops', 2, 'was stopped after 1500 ms'],
    ['runs out of memory', 3, 'crashed'],
    ['reports a bug', 4, 'bug'],
    ['asks without end', 6, 'keeps asking'],
  ])('that %s fails the job with the reason, and the next job runs', async (_row, port, reason) => {
    await expect(thread.evaluate(job(port), load)).rejects.toThrow(reason);
    await expect(thread.evaluate(job(0), load)).resolves.toMatchObject({ simulateMs: 0 });
  });
  it('gets the texts that it lacks, lost ones as null', async () => {
    const result = await thread.evaluate(job(5), load);
    expect(result.needs).toEqual([
      ['a', 'text of a'],
      ['b', null],
    ]);
  });
  it('jobs side by side are done one by one, whoever fails', async () => {
    const all = await Promise.allSettled([0, 1, 0, 4, 0].map((port) => thread.evaluate(job(port), load)));
    expect(all.map((r) => r.status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled']);
  });
});
