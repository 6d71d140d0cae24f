/**
 * Every command with what it cannot do anything with: exit code 3, what was wrong, and what would be right. Nothing of it needs a server;
 * what only the server can refuse is in tests/integration/wrong-input.test.ts.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runCaptured } from './testing/run-captured.ts';

const dir = mkdtempSync(join(tmpdir(), 'nv-wrong-input-'));
writeFileSync(join(dir, 'text'), 'no manifest\n');
afterAll(() => rmSync(dir, { recursive: true, force: true }));
/** Nobody listens at port 9: what is refused is refused before anything is asked. */
const ENV = { NETVERDICT_STATE_DIR: dir, NETVERDICT_TOKEN: 'x', NETVERDICT_API: 'http://127.0.0.1:9' };

const ends = ['--from', 'default/client', '--to', 'svc/default/web:80'];
const labProbe = ['lab', 'probe', '--name', 'no-such-lab', '--from', 'default/client', '--to'];

type Row = readonly [line: readonly string[], message: RegExp];

const ROWS: readonly Row[] = [
  [[], /^Usage: netverdict/],
  [['diagnos'], /unknown command 'diagnos'\n\(Did you mean diagnose\?\)/],
  [['lab', 'fualt'], /Did you mean fault\?/],
  [['top', '--onc'], /Did you mean --once\?/],
  [['show'], /missing required argument 'id'/],
  [['show', 'dg_1', 'dg_2'], /too many arguments/],
  [['show', 'dg_1', '--lang', 'de'], /--lang de: write en or zh/],
  [['show', 'dg_1', '--api', 'ftp://x'], /--api ftp:\/\/x: write a URL such as/],
  [['show', 'dg_1', '--api', 'http://localhost:99999'], /--api http:\/\/localhost:99999: write a URL such as/],

  [['diagnose', '--to', 'svc/default/web:80'], /required option '--from <a>' not specified/],
  [
    ['diagnose', '--frm', 'default/client', '--to', 'svc/default/web:80'],
    /unknown option '--frm'\n\(Did you mean --from\?\)/,
  ],
  [['diagnose', '--from', 'default/client', '--to', '999.1.1.1:80'], /999\.1\.1\.1 is no address/],
  [['diagnose', '--from', 'default/client', '--to', 'svc/default/web'], /has no port: write svc\/default\/web:80/],
  [['diagnose', '--from', 'svc/default/web', '--to', 'svc/default/web:80'], /sends nothing by itself/],
  [['diagnose', '--from', 'client', '--to', 'svc/default/web:80'], /--from "client" is not understood. Write shop/],
  [['diagnose', '--from', 'default/client', '--to', 'svc/web:80'], /lacks the namespace: write svc\/default\/web:80/],
  [['diagnose', '--from', 'default/client', '--to', 'svc/default/web:99999'], /99999 is not between 1 and 65535/],
  [['diagnose', ...ends, '--protocol', 'sctp'], /write tcp, udp or icmp/],
  [['diagnose', ...ends, '--size', 'abc'], /--size abc: write the bytes of an IP packet, 28 to 65535/],
  [['diagnose', ...ends, '--source-port', '0'], /--source-port 0: write a port, 1 to 65535/],
  [['diagnose', ...ends, '--probe', '100'], /--probe 100: write how many packets to each target, 1 to 50/],
  [['diagnose', ...ends, '--lang', 'fr'], /--lang fr: write en or zh/],
  [['slow', ...ends, '--attempts', '0'], /--attempts 0: write a whole number, 1 to 50/],
  [['slow', ...ends, '--lang', 'fr'], /--lang fr: write en or zh/],

  [['events', '--pod', 'web'], /--pod web: write namespace\/name/],
  [['events', '--kind', 'packet-drops'], /--kind packet-drops: there are .*packet-drop/],
  [['events', '--since', 'tomorrow'], /--since tomorrow: write 30s, 10m, 2h, 1d or a time/],
  [['events', '--limit', '0'], /--limit 0: write a number, 1 to 100000/],
  [['incidents', '--state', 'closed'], /--state closed: write open, quiet or resolved/],
  [['incidents', '--severity', 'high'], /--severity high: write info, warning or critical/],
  [['top', '--once', '--lang', 'fr'], /--lang fr: write en or zh/],

  [['capture'], /name a pod \(--pod namespace\/name\) or a node/],
  [['capture', '--pod', 'shop/cart', '--node', 'node-1'], /name a pod .* or a node/],
  [['capture', '--pod', 'web'], /--pod web: write namespace\/name/],
  [['capture', '--node', 'node-1', '--duration', 'abc'], /--duration abc: write 500ms, 30s, 5m or 1h/],
  [['capture', '--node', 'node-1', '--size', '1TB'], /--size 1TB: write 100000, 512KiB or 64MiB/],
  [['capture', '--node', 'node-1', '--files', '1.5'], /--files 1.5: write a whole number, from 1/],
  [['capture', '--node', 'node-1', '--out', '/nonexistent/x'], /--out \/nonexistent\/x: nothing can be made there/],

  [['ping-mesh'], /name at least two ends/],
  [['ping-mesh', 'default/client'], /name at least two ends, such as/],
  [['ping-mesh', 'default/client', 'client'], /"client" is not understood/],
  [['ping-mesh', 'a/b', 'c/d', '--protocol', 'sctp'], /--protocol sctp: write tcp, udp or icmp/],
  [['ping-mesh', 'a/b', 'c/d', '--attempts', 'many'], /--attempts many: write a whole number/],
  [['ping-mesh', 'a/b', 'c/d', '--every', '5'], /--every 5: write 500ms, 30s, 5m or 1h/],

  [['configure', '--probe', 'drops', '--threshold', 'abc'], /--threshold abc: write a whole number/],
  [['webhooks'], /Usage: netverdict webhooks/],
  [['webhooks', 'add', 'https://example.com'], /required option '--event <type...>' not specified/],
  [
    ['webhooks', 'add', 'https://example.com', '--event', 'diagnosis.completed', '--concurrency', '0'],
    /--concurrency 0: write a whole number, from 1/,
  ],
  [['webhooks', 'deliveries', '--state', 'dead'], /--state dead: write pending, delivered or failed/],
  [['webhooks', 'deliveries', '--limit', '500'], /--limit 500: write a whole number, 1 to 200/],
  [['webhooks', 'rotate', 'wh_1', '--overlap', 'long'], /--overlap long: write 500ms, 30s, 5m or 1h/],
  [['tokens', 'create', 'pipeline'], /required option '--role <role>' not specified/],
  [['tokens', 'create', 'x', '--role', 'viewer', '--expires', '3 days'], /--expires 3 days: write 500ms/],
  [['audit', '--limit', '500'], /--limit 500: write a whole number, 1 to 200/],

  [['explain', 'NV-FILTER'], /Did you mean .*NV-FILTER-DROP/],
  [['explain', 'NV-FILTER-DORP'], /there is no finding NV-FILTER-DORP. Did you mean NV-FILTER-DROP/],
  [['explain', 'NV-XYZZY'], /`netverdict explain` lists all/],
  [['explain', '--lang', 'de'], /--lang de: write en or zh/],
  [['replay', '/nonexistent'], /\/nonexistent can't be read/],
  [['replay', join(dir, 'nothing')], /nothing can't be read: there is no such file/],
  [['policy', 'matrix', '-f', join(dir, 'nothing')], /nothing can't be read: there is no such file/],
  [['replay', join(dir, 'text')], /text: not a bundle: not JSON$/m],
  [['policy', 'check', '-f', '/nonexistent', '--from', 'a/b', '--to', 'c/d:80'], /\/nonexistent can't be read/],
  [['policy', 'check', '-f', join(dir, 'text'), '--from', 'a/b', '--to', 'c/d:80'], /is no Kubernetes object/],
  [['policy', 'matrix', '-f', join(dir, 'text'), '-o', 'xml'], /--output xml: table, json or csv/],
  [['policy', 'diff', dir, dir, '-o', 'xml'], /--output xml: text, json or junit/],
  [['policy', 'diff', dir, dir], /holds no manifests/],
  [['verify', '--flows', '0'], /--flows 0: write a whole number from 1/],
  [['verify', '--seed', 'abc'], /--seed abc: write a whole number from 0/],
  [['verify', '--output', '/nonexistent/x'], /--output \/nonexistent\/x/],

  [['lab', 'up', '--nodes', '0'], /--nodes 0: write a number from 1 to 50/],
  [['lab', 'up', '--name', 'BAD_NAME'], /--name "BAD_NAME": write at most 20 lower-case letters/],
  [['lab', 'up', '--cni', 'calico'], /--cni calico: write flannel-vxlan or flannel-host-gw/],
  [['lab', 'down', '--name', 'a/b'], /not a lab name: a\/b/],
  [['lab', 'status', 'no-such-lab'], /there is no lab named no-such-lab \(/],
  [['lab', 'heal', '--name', 'no-such-lab'], /there is no lab named no-such-lab \(/],
  [['lab', 'fault', 'earthquake'], /there is no fault "earthquake". `netverdict lab faults` lists them/],
  [['lab', 'fault', 'node-foward-drop'], /Did you mean node-forward-drop/],
  [['lab', 'fault', 'node-forward-drop', '--name', 'no-such-lab'], /there is no lab named no-such-lab \(/],
  [[...labProbe, 'web:80'], /--to web:80: write an address/],
  [[...labProbe, '10.96.0.80'], /write a port too, such as 10.96.0.80:80/],
  [[...labProbe, '10.96.0.80:99999'], /port 99999 is not between 1 and 65535/],
  [[...labProbe, '10.96.0.80:80', '--count', 'abc'], /--count abc: write a whole number, 1 to/],
  [[...labProbe, '10.96.0.80:80', '--timeout', '0'], /--timeout 0: write a whole number, 1 to/],
  [[...labProbe, '10.96.0.80:80'], /there is no lab named no-such-lab \(/],
  [['demo', '--fault', 'earthquake'], /there is no fault "earthquake"/],

  [['up'], /say --lab for a cluster in a box, or --kubeconfig FILE/],
  [['up', '--lab', '--kubeconfig', join(dir, 'text')], /say one of them/],
  [['up', '--kubeconfig', '/nonexistent'], /--kubeconfig \/nonexistent: there is no such file/],
  [['up', '--lab', '--cni', 'calico'], /--cni calico: write flannel-vxlan or flannel-host-gw/],
  [['up', '--lab', '--name', 'BAD'], /--name "BAD": write at most 20/],
  [['up', '--lab', '--listen', 'everywhere'], /--listen everywhere: write host:port, such as 127.0.0.1:8080/],
];

describe('what is wrong, and what would be right', () => {
  it.each(ROWS)('%j', async (line, message) => {
    const { code, err } = await runCaptured(line, ENV);
    expect(err).toMatch(message);
    expect(code).toBe(3);
  });
});

describe('a token', () => {
  it.each([
    ['that is empty', '', /NETVERDICT_TOKEN is empty/],
    ['in two lines', 'first\nsecond', /NETVERDICT_TOKEN holds blanks or other characters that no token has/],
  ])('%s is told as such, and not shown', async (_, token, message) => {
    const { code, err } = await runCaptured(['show', 'dg_1'], { ...ENV, NETVERDICT_TOKEN: token });
    expect(err).toMatch(message);
    expect(err).not.toContain('second');
    expect(code).toBe(3);
  });

  it('whose file is not there names the file, and the other ways', async () => {
    const { code, err } = await runCaptured(['show', 'dg_1', '--token-file', '/nonexistent'], {
      ...ENV,
      NETVERDICT_TOKEN: undefined,
    });
    expect(err).toMatch(/\/nonexistent can't be read. Set NETVERDICT_TOKEN/);
    expect(code).toBe(3);
  });
});

describe('a server that is away is exit code 4, and how to start one', () => {
  const ask: readonly (readonly string[])[] = [
    ['show', 'dg_1'],
    ['events'],
    ['events', '--follow'],
    ['incidents'],
    ['top', '--once'],
    ['probes'],
    ['configure'],
    ['capture', '--node', 'node-1', '--out', '-'],
    ['ping-mesh', 'list'],
    ['ping-mesh', 'stop', 'pm_1'],
    ['webhooks', 'list'],
    ['webhooks', 'ping', 'wh_1'],
    ['tokens', 'list'],
    ['audit'],
  ];
  it.each(ask.map((line) => [line]))('%j', async (line) => {
    const { code, err } = await runCaptured(line, ENV);
    expect(err).toMatch(/http:\/\/127.0.0.1:9 cannot be reached.*`netverdict up`.*--api/);
    expect(code).toBe(4);
  });
});

it('a lab that is not there needs not be taken away: that is said, and is no mistake', async () => {
  const { code, err } = await runCaptured(['lab', 'down', '--name', 'no-such-lab'], ENV);
  expect(err).toMatch(/nothing to take away: there is no lab named no-such-lab/);
  expect(code).toBe(0);
});
