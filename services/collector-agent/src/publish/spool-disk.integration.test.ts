/** The spool on a real disk: kills, a torn write, a full disk, none at all. Each anomaly comes, once and in order, or is counted as lost. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnomalyBatch } from '@netverdict/contracts';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { anomaly, MEBIBYTE } from '../testing/spooling.ts';
import { type Spool, startSpool } from './spool.ts';
import type { DiskSettings } from './spool-disk.ts';

let dir: string;
let mounted: string | null = null;
const spools: Spool[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nv-spool-'));
});
afterEach(async () => {
  await Promise.all(spools.splice(0).map((spool) => spool.stop()));
  if (mounted !== null) execFileSync('umount', ['-l', mounted]);
  mounted = null;
  rmSync(dir, { recursive: true, force: true });
});

function spoolIn(
  folder: string,
  epoch: string,
  disk: Partial<DiskSettings> = {},
  { maxBatches = 500, retryMs = 5 } = {},
) {
  const sent: AnomalyBatch[] = [];
  const state = { up: false };
  const warnings: string[] = [];
  const spool = startSpool({
    ...{ node: 'n', epoch, maxBatches, retryMs },
    disk: { dir: folder, maxBytes: 8 * MEBIBYTE, retryMs: 20, ...disk },
    log: { warn: (_, message) => void warnings.push(message) },
    publish: async (batch) => {
      if (!state.up) throw new Error('no stream');
      sent.push(batch);
    },
  });
  spools.push(spool);
  const allSent = async (): Promise<void> => {
    state.up = true;
    await vi.waitFor(() => expect(spool.waiting()).toBe(0), { timeout: 20_000 });
  };
  return { spool, sent, state, warnings, allSent };
}

const names = (batches: readonly AnomalyBatch[]): string[] => batches.map(({ epoch, seq }) => `${epoch}/${seq}`);
const range = (epoch: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `${epoch}/${from + i}`);

/** @returns when it has taken all of them and was killed */
async function killedAfter(folder: string, epoch: string, batches: number): Promise<void> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '../testing/spooling.ts'), folder, epoch, `${batches}`],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const ended = new Promise((resolve) => child.once('close', resolve));
  const said = await new Promise<string>((resolve) =>
    child.stdout.once('data', (data: Buffer) => resolve(data.toString())),
  );
  child.kill('SIGKILL');
  await ended;
  expect(said).toBe('taken disk\n');
}

it('what waited when the agent was killed is sent by the next one, first and under its own numbers', async () => {
  await killedAfter(dir, 'first', 300);
  await killedAfter(dir, 'second', 5);
  const { spool, sent, allSent } = spoolIn(dir, 'third');
  spool.add([anomaly(7)]);
  expect(spool.report()).toMatchObject({ place: 'disk', waiting: 306, lost: 0 });
  await allSent();
  expect(names(sent)).toEqual([...range('first', 1, 300), ...range('second', 1, 5), 'third/1']);
  expect(sent[41]?.anomalies).toEqual([anomaly(42)]);
  // Each says how many anomalies are in all before it, of its own start.
  expect(sent[2]?.ledger?.before).toBe(1 + 2);
  // What was sent is not sent again.
  await spool.stop();
  const next = spoolIn(dir, 'fourth');
  expect(next.spool.waiting()).toBe(0);
});

it('a last write that is torn is as if it had not been, and those before it are whole', async () => {
  await killedAfter(dir, 'first', 20);
  const wal = join(dir, readdirSync(dir).find((name) => name.endsWith('-wal')) ?? '');
  truncateSync(wal, statSync(wal).size - 1000);
  const { sent, allSent } = spoolIn(dir, 'second');
  await allSent();
  expect(names(sent)).toEqual(range('first', 1, 19));
});

it('a file that is no spool is put aside', async () => {
  writeFileSync(join(dir, 'spool.db'), 'something else altogether'.repeat(1000));
  const { spool, sent, warnings, allSent } = spoolIn(dir, 'first');
  spool.add([anomaly(1)]);
  expect(spool.report().place).toBe('disk');
  expect(warnings[0]).toContain('damaged');
  expect(readdirSync(dir)).toContain('spool.db.damaged');
  await allSent();
  expect(names(sent)).toEqual(['first/1']);
});

it('over its bound the oldest go, and the start that made them tells although none of its batches is left', async () => {
  await killedAfter(dir, 'first', 3);
  const { spool, sent, warnings, allSent } = spoolIn(dir, 'second', { maxBytes: MEBIBYTE }, { retryMs: 300 });
  // One that is under way would stay.
  await vi.waitFor(() => expect(warnings[0]).toContain('trying again'), { timeout: 20_000 });
  const big = 'x'.repeat(60_000);
  for (let i = 1; i <= 40; i++) spool.add([anomaly(i, big)]);
  const { bytes, lost, place } = spool.report();
  expect([place, bytes <= MEBIBYTE]).toEqual(['disk', true]);
  await allSent();
  const first = sent.filter(({ epoch }) => epoch === 'first');
  expect(first.map(({ seq, anomalies, ledger }) => [seq, anomalies, ledger?.before, ledger?.dropped])).toEqual([
    [4, [], 1 + 2 + 3, [{ from: 1, to: 3, before: 0, count: 1 + 2 + 3 }]],
  ]);
  const second = sent.filter(({ epoch }) => epoch === 'second');
  const told = second.flatMap(({ ledger }) => ledger?.dropped ?? []).reduce((sum, { count }) => sum + count, 0);
  expect(told + 6).toBe(lost);
  const came = second.flatMap(({ anomalies }) => anomalies).filter(({ kind }) => kind === 'packet-drop');
  expect(came.reduce((sum, { count }) => sum + count, told)).toBe((40 * 41) / 2);
});

it('a full disk: the rest waits in memory within its bound, it says so, and what goes is counted', async () => {
  mounted = join(dir, 'small');
  mkdirSync(mounted);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mounted]);
  const { spool, sent, warnings, allSent } = spoolIn(mounted, 'first', {}, { maxBatches: 20 });
  const big = 'x'.repeat(30_000);
  for (let i = 1; i <= 80; i++) spool.add([anomaly(i, big)]);
  expect(spool.report()).toMatchObject({ place: 'memory', reason: expect.stringMatching(/full/) });
  expect(spool.report().bytes).toBeGreaterThan(100_000);
  expect(warnings).toContain('the spool cannot use its disk, batches wait in memory');
  await allSent();
  const seqs = sent.map(({ seq }) => seq);
  expect(seqs).toEqual([...seqs].sort((x, y) => x - y));
  expect(new Set(seqs).size).toBe(seqs.length);
  const told = sent.flatMap(({ ledger }) => ledger?.dropped ?? []).reduce((sum, { count }) => sum + count, 0);
  expect([told, told > 0]).toEqual([spool.lost(), true]);
  const came = sent.flatMap(({ anomalies }) => anomalies).filter(({ kind }) => kind === 'packet-drop');
  expect(came.reduce((sum, { count }) => sum + count, told)).toBe((80 * 81) / 2);
  // When all has been sent there is room again.
  await vi.waitFor(
    () => {
      spool.add([anomaly(1)]);
      expect(spool.report().place).toBe('disk');
    },
    { timeout: 10_000 },
  );
});

it('a folder that cannot be is no reason to stop: batches wait in memory, and it says why', async () => {
  writeFileSync(join(dir, 'file'), '');
  const { spool, sent, allSent } = spoolIn(join(dir, 'file/spool'), 'first');
  spool.add([anomaly(1)]);
  expect(spool.report()).toMatchObject({ place: 'memory', reason: expect.stringMatching(/ENOTDIR/), waiting: 1 });
  await allSent();
  expect(names(sent)).toEqual(['first/1']);
});

it('a folder that another agent has is not shared, and what is in it is sent when that one is gone', async () => {
  const other = spoolIn(dir, 'other');
  other.spool.add([anomaly(1)]);
  const { spool, sent, allSent } = spoolIn(dir, 'own');
  spool.add([anomaly(1)]);
  expect(spool.report()).toMatchObject({ place: 'memory', reason: expect.stringMatching(/locked/) });
  await other.spool.stop();
  await vi.waitFor(
    () => {
      spool.add([anomaly(1)]);
      expect(spool.report().place).toBe('disk');
    },
    { timeout: 10_000 },
  );
  await allSent();
  expect(names(sent)).toContain('other/1');
  expect(sent.filter(({ epoch }) => epoch === 'own').map(({ seq }) => seq)).toEqual(
    Array.from({ length: spool.lastSeq() }, (_, i) => i + 1),
  );
});
