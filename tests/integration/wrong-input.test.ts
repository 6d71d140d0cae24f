/**
 * What only a server can refuse, asked over REST and by the command against a real one: what was wrong, and what would be right, the nearest
 * name where there is one. (What the command itself refuses is in clients/cli/src/wrong-input.test.ts.)
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCaptured } from '../../clients/cli/src/testing/run-captured.ts';
import type { RunningApi } from '../../services/api/src/service.ts';
import { call, type Stack, startStack, TOKEN, until } from '../../services/api/src/testing/stack.ts';

let stack: Stack;
let api: RunningApi;

beforeAll(async () => {
  stack = await startStack();
  api = await stack.startApi();
  const at = new Date().toISOString();
  const agent = { epoch: 'e', version: '0.1.0', kernel: '6.1', lastSeq: 1, capabilities: ['collect'], lastSeen: at };
  await api.store.agents.upsert(['node-1', 'node-2'].map((node) => ({ ...agent, cluster: 'default', node })));
  await api.store.addresses.upsert(
    'default',
    ['client', 'web-1'].map((name, i) => ({
      address: `10.244.0.${i + 1}`,
      kind: 'pod',
      namespace: 'default',
      name,
      workload: null,
      node: 'node-1',
      since: at,
      until: null,
    })),
  );
});
afterAll(() => stack?.down());

describe('a name that nothing has is a 404 that proposes the nearest', () => {
  it.each([
    ['events?node=nod-1', 'unknown-node', 'Nothing is known of a node nod-1. Did you mean node-1, node-2?'],
    [
      'events?pod=default/cleint',
      'unknown-pod',
      'Nothing is known of a pod default/cleint. Did you mean default/client?',
    ],
    ['events?pod=shop/client', 'unknown-pod', 'Nothing is known of a pod shop/client. Did you mean default/client?'],
    ['events?cluster=defualt', 'unknown-cluster', 'Nothing is known of a cluster defualt. Did you mean default?'],
    ['incidents?node=worker', 'unknown-node', 'Nothing is known of a node worker.'],
    [
      'incidents?pod=default/web-7',
      'unknown-pod',
      'Nothing is known of a pod default/web-7. Did you mean default/web-1?',
    ],
    ['incidents?cluster=prod', 'unknown-cluster', 'Nothing is known of a cluster prod.'],
  ])('GET %s', async (path, type, detail) => {
    const answer = await call(api, `/api/v1/${path}`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ type: `urn:netverdict:problem:${type}`, detail });
  });

  it('to a token of one cluster those of others are not proposed', async () => {
    const made = await call(api, '/api/v1/tokens', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'scoped', role: 'viewer', clusters: ['defaults'], expiresInSeconds: 600 }),
    });
    const { token } = (await made.json()) as { token: string };
    const answer = await call(api, '/api/v1/events?cluster=defaults', {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ detail: 'Nothing is known of a cluster defaults.' });
  });

  it('and one of which nothing was seen has an empty list', async () => {
    const answer = await call(api, '/api/v1/events?cluster=default&node=node-2&pod=default/client');
    expect([answer.status, await answer.json()]).toEqual([200, { items: [], nextCursor: null }]);
  });
});

const ask = (line: readonly string[], token = TOKEN) =>
  runCaptured(line, { NETVERDICT_API: api.url, NETVERDICT_TOKEN: token });

describe('the command ends with 3, and says what would be right', () => {
  const hook = ['webhooks', 'add', 'https://example.com', '--event'];
  const again = ['schedules', 'add', '--from', 'a/b', '--to', 'c/d:80'];
  const rows: readonly (readonly [line: readonly string[], message: RegExp])[] = [
    [['show', 'dg_1'], /There is no diagnosis dg_1/],
    [['diagnose', '--cluster', 'prod', '--from', 'a/b', '--to', 'c/d:80'], /no cluster prod: .* Known: default/],
    [['events', '--node', 'nod-1'], /Did you mean node-1, node-2\?/],
    [['events', '--follow', '--pod', 'default/cleint'], /Did you mean default\/client\?/],
    [['incidents', '--cluster', 'defualt'], /Did you mean default\?/],
    [['top', '--once', '--cluster', 'defualt'], /Did you mean default\?/],
    [['probes', '--node', 'nod-1'], /no agent of a node nod-1 has been heard of. Did you mean node-1, node-2\?/],
    [['probes', '--node', 'nod-1', '--json'], /Did you mean node-1, node-2\?/],
    [['configure', '--off', 'drps'], /\/probes\/drps: is not a known field \(expected: one of drops/],
    [['configure', '--off', 'drops', '--node', 'nod-1'], /Did you mean node-1, node-2\?/],
    [['configure', '--probe', 'drops', '--protocol', 'sctp'], /expected: tcp, udp, icmp or icmpv6/],
    [['ping-mesh', 'a/b', 'c/d', '--protocol', 'tcp'], /\/port: is missing \(expected: the port that is tried/],
    [['ping-mesh', 'show', 'pm_1'], /There is none pm_1/],
    [['webhooks', 'remove', 'wh_1'], /There is no webhook wh_1/],
    [['webhooks', 'deliveries', 'wh_1'], /There is no webhook wh_1/],
    [['webhooks', 'redeliver', 'msg_1'], /There is no delivery msg_1/],
    [
      [...hook, 'diagnosis.compleated'],
      /"diagnosis.compleated" \(expected: diagnosis.completed, .* or verdict.changed\)/,
    ],
    [['batch', 'show', 'db_1'], /There is no batch db_1/],
    [['batch', 'cancel', 'db_1'], /There is no batch db_1/],
    [['schedules', 'show', 'sc_1'], /There is no schedule sc_1/],
    [[...again, '--every', '1s'], /\/everyMs: is 1000/],
    [[...again, '--cron', '61 * * * *'], /\/cron: is not a cron expression that ever comes true/],
    [[...again, '--cron', '0 8 * * *', '--time-zone', 'Berlin'], /\/timeZone: is "Berlin" .* Europe\/Berlin/],
    [[...again], /say when: either --every 5m or --cron/],
    [['tokens', 'create', 'x', '--role', 'king'], /"king" \(expected: viewer, operator or admin\)/],
    [['tokens', 'revoke', 'tok_1'], /There is none tok_1/],
  ];
  it.each(rows)('%j', async (line, message) => {
    const { code, err } = await ask(line);
    expect(err).toMatch(message);
    expect(code).toBe(3);
  });

  it('a token that is not one of this server', async () => {
    const { code, err } = await ask(['probes'], 'of-another-server');
    expect(err).toMatch(/A valid bearer token is required: .* Set NETVERDICT_TOKEN to one that is, or name its file/);
    expect(err).not.toContain('of-another-server');
    expect(code).toBe(3);
  });
});

describe('a file of flows', () => {
  const flows = (...pods: string[]): string => {
    const file = join(stack.dir, `${pods.length}-${pods[0]?.replace('/', '-')}.csv`);
    writeFileSync(file, ['from,to', ...pods.map((pod) => `default/client,${pod}:80`)].join('\n'));
    return file;
  };

  it('is asked, shown as a table, written as JUnit; the exit code is that of the worst', async () => {
    const report = join(stack.dir, 'report.xml');
    const good = await ask(['batch', 'run', flows('default/web-1', 'default/web-2')]);
    expect([good.code, good.out]).toEqual([
      0,
      expect.stringMatching(/2 {2}default\/client {2}default\/web-2:80 {2}tcp/),
    ]);
    expect(good.out).toContain('2 of 2: 2 reachable');
    const bad = await ask(['batch', 'run', flows('missing/web', 'default/web-1'), '--junit', report]);
    expect([bad.code, bad.out]).toEqual([3, expect.stringMatching(/failed +dg_\S+ +unknown-pod/)]);
    expect(readFileSync(report, 'utf8')).toContain('tests="2" failures="0" errors="1" skipped="0"');
    const [id = ''] = /db_[0-9a-f-]{36}/.exec(bad.err) ?? [];
    expect((await ask(['batch', 'show', id])).out).toBe(bad.out);
    expect((await ask(['batch', 'list'])).out).toContain('2 of 2: 1 reachable, 1 failed');
  });
});

it('a schedule is made, shown with its answer, paused, resumed, run and removed', async () => {
  const made = await ask(['schedules', 'add', '--from', 'default/client', '--to', 'default/web-1:80', '--every', '1h']);
  const id = made.out.trim();
  expect([made.code, id]).toEqual([0, expect.stringMatching(/^sc_/)]);
  await until(async () => (await ask(['schedules', 'show', id])).out.includes('answer: reachable, since'));
  for (const [verb, says] of [
    ['pause', 'is paused'],
    ['resume', 'goes on, next'],
    ['run', 'dg_'],
  ] as const)
    expect((await ask(['schedules', verb, id])).out).toContain(says);
  expect((await ask(['schedules', 'list'])).out).toMatch(/active {2}every 1h/);
  expect((await ask(['schedules', 'remove', id])).out).toContain('is removed');
});
