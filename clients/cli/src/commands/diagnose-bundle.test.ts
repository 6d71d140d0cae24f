/** `netverdict diagnose --bundle`: the recorded cluster has FORWARD of node-2 drop TCP 8080, and web-1 to web-3 on a node each. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { EXIT } from '../exit-codes.ts';
import { runCaptured } from '../testing/run-captured.ts';

const FIXTURE = fileURLToPath(
  new URL('../../../../libs/bundle/fixtures/node-forward-drop/bundle.json', import.meta.url),
);
const dir = mkdtempSync(join(tmpdir(), 'nv-bundle-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const file = (name: string, bytes: Buffer | string): string => {
  writeFileSync(join(dir, name), bytes);
  return join(dir, name);
};
const ask = (...more: string[]) => runCaptured(['diagnose', '--bundle', FIXTURE, ...more]);
const outcome = async (...more: string[]) => {
  const { code, out } = await ask(...more, '--json');
  const { context, verdict, findings } = JSON.parse(out);
  return { code, context, outcome: verdict.outcome, codes: findings.map((f: { code: string }) => f.code) };
};

describe('a bundle answers', () => {
  it('its own question', async () => {
    const { code, out } = await ask();
    expect(code).toBe(EXIT.unreachable);
    expect(out).toContain('1 of 3 new connections from default/client to service default/web:80 fail.');
  });

  it('from a gzipped file too', async () => {
    const packed = file('bundle.json.gz', gzipSync(readFileSync(FIXTURE)));
    const { code, out } = await runCaptured(['diagnose', '--bundle', packed]);
    expect([code, out]).toEqual([EXIT.unreachable, (await ask()).out]);
  });

  it.each([
    ['default/web-1:8080', 'reachable', 'pod default/web-1 port 8080'],
    ['10.244.1.3:8080', 'reachable', '10.244.1.3 port 8080'],
    ['default/web-2:8080', 'unreachable', 'pod default/web-2 port 8080'],
    ['svc/default/web:http', 'partially-reachable', 'service default/web:80'],
  ])('another question: %s is %s', async (to, expected, destination) => {
    const asked = await outcome('--from', 'default/client', '--to', to);
    expect([asked.outcome, asked.context]).toEqual([expected, { source: 'default/client', destination }]);
    expect(asked.codes.includes('NV-FILTER-DROP')).toBe(expected !== 'reachable');
  });

  it.each([
    ['a pod by its address', '10.244.1.2'],
    ['a node', 'node/node-1'],
    ['a node by its address', '172.18.0.11'],
  ])('from %s', async (_, from) => {
    expect((await outcome('--from', from, '--to', 'default/web-1:8080')).outcome).toBe('reachable');
  });

  it('of another size: the tunnel takes 50 bytes', async () => {
    const large = await outcome('--from', 'default/client', '--to', 'default/web-3:8080', '--size', '1500');
    const small = await outcome('--from', 'default/client', '--to', 'default/web-3:8080', '--size', '1450');
    expect([large.codes, small.codes]).toEqual([expect.arrayContaining(['NV-MTU-EXCEEDED']), []]);
  });
});

describe('what a bundle cannot be asked', () => {
  it.each([
    [['--from', 'default/client'], /needs both --from and --to/],
    [['--size', '1400'], /--size belongs to another question: write --from and --to too/],
    [['--probe'], /--probe is for nodes that run, and --bundle asks none/],
    [
      ['--from', 'default/clent', '--to', 'default/web-1:80'],
      /knows no pod default\/clent\. Did you mean default\/client, default\/client-2\?/,
    ],
    [['--from', 'node/x', '--to', 'default/web-1:80'], /knows no node x\. It has node-1, node-2, node-3\./],
    [['--from', 'deploy/default/client', '--to', 'default/web-1:80'], /knows pods, Services, nodes and addresses only/],
    [['--from', 'default/client', '--to', 'svc/default/web:htpp'], /has no port htpp\. Its ports: http\./],
    [['--from', 'default/client', '--to', 'default/web-1:http'], /names of Services' ports only\. Write its number/],
    [['--lang', 'de'], /write en or zh/],
  ])('%j', async (more, message) => {
    const { code, err } = await ask(...more);
    expect([code, err]).toEqual([EXIT.usage, expect.stringMatching(message)]);
  });

  it.each([
    ['a broken gzip', Buffer.from('\x1f\x8bgarbage', 'latin1'), /can't be unpacked/],
    ['half a gzip', gzipSync('{"formatVersion": 1}').subarray(0, 20), /can't be unpacked/],
    ['another text', 'root:x:0:0', /not a bundle: not JSON$/m],
    ['nothing', '', /not a bundle: not JSON$/m],
  ])('%s', async (name, bytes, message) => {
    const { code, err } = await runCaptured(['diagnose', '--bundle', file(name, bytes)]);
    expect([code, err]).toEqual([EXIT.usage, expect.stringMatching(message)]);
  });
});
