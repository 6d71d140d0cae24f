/** The pipe to the helper: clear errors, restarts with back-off, garbage on either side. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FrameReader, type Helper, HelperError, type HelperLog, startHelper } from '@netverdict/collect';
import { afterAll, expect, it, vi } from 'vitest';
import { builtHelper } from '../configuration.ts';

const quiet = { info() {}, warn() {} };
const folder = mkdtempSync(join(tmpdir(), 'nv-helper-'));
const helpers: Helper[] = [];
const started = (path = builtHelper, log: HelperLog = quiet): Helper => {
  const helper = startHelper(path, log);
  helpers.push(helper);
  return helper;
};
afterAll(async () => {
  await Promise.all(helpers.map((h) => h.close()));
  rmSync(folder, { recursive: true });
});

const operation = { kinds: ['ip-link' as const], flows: [], knownPaths: [], timeLimitMs: 5000 };

it('says which namespace cannot be entered, and why', async () => {
  const helper = started();
  await expect(helper.collect({ ...operation, path: '/run/netns/no-such' })).rejects.toThrow(
    /\/run\/netns\/no-such: No such file/,
  );
  await expect(helper.collect({ ...operation, path: '/etc/passwd' })).rejects.toThrow(/Invalid argument/);
  await expect(helper.collect({ ...operation, path: '/proc/self/ns/mnt' })).rejects.toThrow(/Invalid argument/);
  const { inode, sections } = await helper.collect({ ...operation, path: '/proc/self/ns/net' });
  expect(inode).toBeGreaterThan(0);
  expect(sections.map((s) => s.kind)).toEqual(['ip-link']);
});

it('finds the file of a namespace by its inode', async () => {
  const helper = started();
  const inode = (await helper.inodes(['/proc/self/ns/net', '/nowhere'])).get('/proc/self/ns/net') ?? 0;
  expect(await helper.find(inode)).toMatch(/^\/proc\/\d+\/ns\/net$/);
  expect(await helper.find(12345)).toBeNull();
});

it('reads counters of several namespaces, leaving out those that are gone', async () => {
  const texts = await started().counters(['/proc/self/ns/net', '/run/netns/no-such']);
  expect([...texts.keys()]).toEqual(['/proc/self/ns/net']);
  expect(texts.get('/proc/self/ns/net')).toMatch(/^# inode \d+\n# snmp\nIp: /);
});

it('starts a killed helper again, later each time, and fails what was under way', async () => {
  const warn = vi.fn();
  const helper = started(builtHelper, { info() {}, warn });
  await helper.inodes(['/proc/self/ns/net']);
  const first = helper.pid();
  const underWay = helper.counters(Array.from({ length: 3000 }, () => '/proc/self/ns/net'));
  process.kill(first ?? 0, 'SIGKILL');
  await expect(underWay).rejects.toThrow(HelperError);
  expect((await helper.inodes(['/proc/self/ns/net'])).size).toBe(1);
  expect(helper.pid()).not.toBe(first);
  expect(warn).toHaveBeenCalledWith(expect.objectContaining({ waitMs: 100 }), expect.any(String));
});

it('a helper that cannot start fails each request and is tried with growing pauses', async () => {
  const waits: number[] = [];
  const helper = started('/no/such/helper', {
    info() {},
    warn: (fields: object) => void waits.push((fields as { waitMs: number }).waitMs),
  });
  await expect(helper.inodes(['/proc/self/ns/net'])).rejects.toThrow(/ENOENT/);
  await expect(helper.inodes(['/proc/self/ns/net'])).rejects.toThrow(/ENOENT/);
  await vi.waitFor(() => expect(waits.slice(0, 3)).toEqual([100, 200, 400]), { timeout: 20_000 });
});

it('a program that prints garbage instead of frames is stopped', async () => {
  const path = join(folder, 'garbage');
  writeFileSync(path, '#!/bin/sh\nprintf "this is no frame at all"\nsleep 30\n', { mode: 0o755 });
  await expect(started(path).inodes(['/x'])).rejects.toThrow(/cannot be/);
});

async function answers(input: Buffer): Promise<{ frames: unknown[]; code: number | null }> {
  const child = spawn(builtHelper, [], { stdio: ['pipe', 'pipe', 'inherit'] });
  const reader = new FrameReader();
  const frames: unknown[] = [];
  child.stdout.on('data', (chunk: Buffer) => frames.push(...reader.push(chunk)));
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { frames: frames.slice(1), code };
}
const framed = (body: string): Buffer => {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(Buffer.byteLength(body));
  return Buffer.concat([head, Buffer.from(body)]);
};

it('the helper refuses what it does not know and goes on; a broken length ends it', async () => {
  const known = framed('I7\0/proc/self/ns/net\0');
  const strange = await answers(Buffer.concat([framed('Z1\0'), framed('C2\0/x\0'), framed('\0\0\0\0'), known]));
  expect(strange.frames).toMatchObject([
    { type: 'problem', id: '1', message: 'unknown operation 0x5a' },
    { type: 'problem', id: '2', message: 'collect takes 5 fields' },
    { type: 'problem' },
    { type: 'section', id: '7' },
    { type: 'end', id: '7' },
  ]);
  expect(strange.code).toBe(0);
  const broken = await answers(Buffer.from('ffffffffffff', 'hex'));
  expect(broken.frames).toMatchObject([{ type: 'problem', id: '' }]);
  expect(broken.code).toBe(65);
});

it('random bytes never hang or crash it', async () => {
  let seed = 1;
  const random = (): number => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return seed;
  };
  for (let round = 0; round < 30; round++) {
    const body = Buffer.from(Array.from({ length: 2 + (random() % 60) }, () => random() % 256));
    body[0] = 'CNIF'.charCodeAt(random() % 4);
    const head = Buffer.alloc(4);
    head.writeUInt32LE(body.length);
    const { code } = await answers(Buffer.concat([head, body]));
    expect(code).toBe(0);
  }
});
