/** The command as a person runs it: what it prints, its exit codes, and that nothing stays behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { busUserName } from '@netverdict/contracts';
import { freePort, outsidePostgresDir } from '@netverdict/embedded';
import { createLab, listLabs } from '@netverdict/lab';
import { describe, expect, it } from 'vitest';
import { removeInstance } from '../../clients/cli/src/local/instance.ts';
import { repositoryRoot } from '../../clients/cli/src/local/repository.ts';

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(join(repositoryRoot, 'netverdict'), args, { env: { ...process.env, NO_COLOR: '1', ...env } });
  let out = '';
  let err = '';
  child.stdout.on('data', (data: Buffer) => {
    out += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    err += data.toString();
  });
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, out, err })));
  return { child, ended };
}

const netverdict = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  start(args, env).ended;

/** What a demo of this process would have left: its lab's namespaces and state, its folder, its database. */
function leftovers(pid: number): string[] {
  const name = `demo-${pid}`;
  const dir = join(tmpdir(), `netverdict-${name}`);
  const netns = readdirSync('/run/netns').filter((entry) => entry.includes(name));
  const labs = listLabs()
    .filter((lab) => lab.name === name)
    .map((lab) => `lab ${lab.name}`);
  return [...netns, ...labs, ...[dir, outsidePostgresDir(join(dir, 'engines'))].filter((path) => existsSync(path))];
}

describe('netverdict demo', () => {
  it('breaks, diagnoses, agrees with real packets, mends, diagnoses again, and leaves nothing', async () => {
    const { child, ended } = start(['demo']);
    const { code, out, err } = await ended;
    expect(code, `${out}\n${err}`).toBe(0);
    expect(out).toMatch(/✗ {2}1 of 3 new connections from default\/client to service default\/web:80 fail\./);
    expect(out).toMatch(
      /Mend {3}on node-2: {2}iptables-nft -t filter -D FORWARD -d 10\.244\.2\.0\/24 -p tcp -m tcp --dport 8080 -j DROP/,
    );
    expect(out).toMatch(/✓ {2}default\/client reaches service default\/web:80, there and back\./);
    expect(err).toMatch(/real probe: 24 of 24 TCP connections answered/);
    expect(leftovers(child.pid ?? 0)).toEqual([]);
  }, 120_000);

  it('interrupted in the middle, it leaves nothing either', async () => {
    const { child, ended } = start(['demo']);
    // On a busy machine Node itself takes a while to start.
    if (child.stderr) await once(child.stderr, 'data');
    await sleep(2500);
    child.kill('SIGINT');
    const { code } = await ended;
    expect(code).toBe(130);
    expect(leftovers(child.pid ?? 0)).toEqual([]);
  }, 120_000);
});

describe('a cluster that Netverdict did not make', () => {
  it('is diagnosed with agents that were started by hand; exit codes say what came of it', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'netverdict-by-hand-'));
    const env = { NETVERDICT_STATE_DIR: dir };
    const port = await freePort();
    const api = ['--api', `http://127.0.0.1:${port}`];
    const lab = await createLab({ name: `hand-${process.pid}`, nodes: 2 });
    const agents: ChildProcess[] = [];
    try {
      const up = await netverdict(
        ['up', '--kubeconfig', lab.kubeconfig, '--cluster', 'prod', '--listen', `127.0.0.1:${port}`],
        env,
      );
      expect(up.code, up.err).toBe(0);
      const natsUrl = /NETVERDICT_NATS_URL=(\S+)/.exec(up.out)?.[1] ?? '';
      const question = ['diagnose', ...api, '--cluster', 'prod', '--fresh', '--from', 'default/client', '--to'];

      // No agent runs yet: nothing is known, and nothing is claimed.
      const blind = await netverdict([...question, 'default/web-2:8080'], env);
      expect(blind.code).toBe(2);
      expect(blind.out).toMatch(/^\? {2}Undetermined: .*node-1/);

      for (const node of lab.nodes)
        agents.push(
          spawn(process.execPath, [join(repositoryRoot, 'services/collector-agent/src/main.ts')], {
            env: {
              ...process.env,
              NETVERDICT_NATS_URL: natsUrl,
              NETVERDICT_NATS_NKEY_FILE: join(
                dir,
                'up/engines/keys',
                `${busUserName({ role: 'agent', cluster: 'prod', node: node.name })}.nk`,
              ),
              NETVERDICT_CLUSTER: 'prod',
              NETVERDICT_NODE: node.name,
              NETVERDICT_HOST_NETNS: node.netnsPath,
              NETVERDICT_CRI_ENDPOINT: node.criEndpoint,
            },
            stdio: 'ignore',
          }),
        );
      const deadline = performance.now() + 30_000;
      let clean = await netverdict([...question, 'svc/default/web:80'], env);
      while (clean.code === 2 && performance.now() < deadline) {
        await sleep(300);
        clean = await netverdict([...question, 'svc/default/web:80'], env);
      }
      expect(clean.code, clean.out).toBe(0);
      expect(clean.out).toMatch(/^✓/);

      await lab.fault('pod-input-drop');
      const broken = await netverdict([...question, 'default/web-2:8080', '--json'], env);
      expect(broken.code).toBe(1);
      expect(JSON.parse(broken.out)).toMatchObject({
        status: 'completed',
        verdict: { outcome: 'unreachable' },
        findings: [{ code: 'NV-FILTER-DROP' }],
      });

      const unknown = await netverdict([...question, 'svc/default/wep:80'], env);
      expect(unknown.code).toBe(3);
      expect(unknown.out).toContain('default/web');
    } finally {
      for (const agent of agents) agent.kill('SIGTERM');
      await netverdict(['down'], env);
      await lab.down();
      await removeInstance(join(dir, 'up'));
      rmSync(dir, { recursive: true, force: true });
    }
  }, 120_000);
});

/** The rows of every command are run without a process each, in clients/cli/src/wrong-input.test.ts and tests/integration/wrong-input.test.ts. */
describe('a wrong question', () => {
  it.each([
    [['explain', 'NV-FILTER'], /Did you mean .*NV-FILTER-DROP/],
    [['frobnicate'], /unknown command/],
  ])('%j: exit code 3 and what would be right', async (args, message) => {
    const { code, err } = await netverdict(args);
    expect(code).toBe(3);
    expect(err).toMatch(message);
  });

  it('an API that is away: exit code 4', async () => {
    const { code, err } = await netverdict(
      ['diagnose', '--api', 'http://127.0.0.1:9', '--from', 'a/b', '--to', 'c/d:80'],
      { NETVERDICT_TOKEN: 'x' },
    );
    expect(code).toBe(4);
    expect(err).toContain('http://127.0.0.1:9');
  });
});

it('a recorded bundle gives its verdict offline', async () => {
  const { code, out } = await netverdict([
    'replay',
    join(repositoryRoot, 'libs/bundle/fixtures/node-forward-drop/bundle.json'),
  ]);
  expect(code).toBe(1);
  expect(out).toContain('NV-FILTER-DROP');
});
