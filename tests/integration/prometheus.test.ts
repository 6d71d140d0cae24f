/**
 * Alert rules and dashboards against what is really measured: an agent and an eventproc run, a real Prometheus reads them, and every metric
 * that is named must be one that they tell, every expression one that Prometheus evaluates. (Debian: prometheus.)
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engines, freePort, removeEngines, startEngines } from '@netverdict/embedded';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { repositoryRoot } from '../../clients/cli/src/local/repository.ts';
import { DASHBOARDS } from '../../scripts/dashboards/dashboards.ts';

const RULES = join(repositoryRoot, 'deploy/prometheus/rules/netverdict.yml');
const TESTS = join(repositoryRoot, 'deploy/prometheus/tests/netverdict.yml');
const RUNBOOKS = join(repositoryRoot, 'docs/runbooks');
const installed = ['prometheus', 'promtool'].every((program) => spawnSync(program, ['--version']).status === 0);
if (!installed) console.warn('skipped: Prometheus is not installed (Debian: apt-get install prometheus)');

const rulesText = readFileSync(RULES, 'utf8');
const alerts = [...rulesText.matchAll(/- alert: (\w+)/g)].map(([, name]) => name ?? '');
const ruleExpressions = [...rulesText.matchAll(/expr: '(.*)'$/gm)].map(([, text]) =>
  (text ?? '').replaceAll("''", "'"),
);

describe('without a Prometheus', () => {
  it('each alert has its page, and each page its alert', () => {
    const pages = readdirSync(RUNBOOKS).filter((name) => name !== 'README.md');
    expect(pages.sort()).toEqual(alerts.map((name) => `${name}.md`).sort());
    const index = readFileSync(join(RUNBOOKS, 'README.md'), 'utf8');
    for (const name of alerts) {
      expect(rulesText).toContain(`runbook_url: docs/runbooks/${name}.md`);
      expect(index).toContain(`(${name}.md)`);
    }
  });

  it('each alert has a test of its own', () => {
    const tested = new Set([...readFileSync(TESTS, 'utf8').matchAll(/alertname: (\w+)/g)].map(([, name]) => name));
    expect(alerts.filter((name) => !tested.has(name))).toEqual([]);
  });
});

describe.skipIf(!installed)('with a Prometheus that reads agent and eventproc', () => {
  const dir = mkdtempSync(join(tmpdir(), 'nv-prometheus-'));
  const netns = `nvprom-${process.pid}`;
  const children: ChildProcess[] = [];
  let engines: Engines;
  let url = '';

  const start = (program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): void => {
    children.push(spawn(program, args, { env: { ...process.env, ...env }, stdio: 'ignore' }));
  };
  async function ask<T>(path: string): Promise<T> {
    const answer = (await (await fetch(`${url}/api/v1/${path}`)).json()) as { status: string; data: T; error?: string };
    if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  }

  beforeAll(async () => {
    spawnSync('ip', ['netns', 'add', netns]);
    spawnSync('ip', ['-n', netns, 'link', 'set', 'lo', 'up']);
    const node = { cluster: 'default', node: 'node-1' };
    engines = await startEngines({
      dir,
      only: ['nats', 'postgres'],
      clusters: [{ name: 'default', nodes: ['node-1'] }],
    });
    const ports = { agent: await freePort(), eventproc: await freePort(), prometheus: await freePort() };
    start(process.execPath, [join(repositoryRoot, 'services/collector-agent/src/main.ts')], {
      NETVERDICT_NODE: 'node-1',
      NETVERDICT_NATS_URL: engines.natsUrl,
      NETVERDICT_NATS_NKEY_FILE: engines.natsKeyFile({ role: 'agent', ...node }),
      NETVERDICT_HOST_NETNS: `/run/netns/${netns}`,
      NETVERDICT_CRI_ENDPOINT: `unix://${dir}/none.sock`,
      NETVERDICT_HEALTH_LISTEN: `127.0.0.1:${ports.agent}`,
    });
    start(process.execPath, [join(repositoryRoot, 'services/eventproc/src/main.ts')], {
      NETVERDICT_NATS_URL: engines.natsUrl,
      NETVERDICT_NATS_NKEY_FILE: engines.natsKeyFile({ role: 'eventproc' }),
      NETVERDICT_DATABASE_URL: engines.databaseUrl,
      NETVERDICT_HEALTH_LISTEN: `127.0.0.1:${ports.eventproc}`,
    });
    mkdirSync(join(dir, 'prometheus'));
    writeFileSync(
      join(dir, 'prometheus.yml'),
      JSON.stringify({
        global: { scrape_interval: '2s', evaluation_interval: '2s' },
        rule_files: [RULES],
        scrape_configs: ['agent', 'eventproc'].map((job) => ({
          job_name: `netverdict-${job}`,
          static_configs: [
            { targets: [`127.0.0.1:${ports[job as 'agent']}`], labels: job === 'agent' ? { node: 'node-1' } : {} },
          ],
        })),
      }),
    );
    url = `http://127.0.0.1:${ports.prometheus}`;
    start('prometheus', [
      `--config.file=${join(dir, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(dir, 'prometheus')}`,
      `--web.listen-address=127.0.0.1:${ports.prometheus}`,
    ]);
    await vi.waitFor(
      async () => {
        const up = await ask<{ result: { value: [number, string] }[] }>('query?query=up');
        expect(up.result.map(({ value }) => value[1])).toEqual(['1', '1']);
      },
      { timeout: 100_000, interval: 500 },
    );
  }, 150_000);
  afterAll(async () => {
    for (const child of children.reverse()) child.kill('SIGKILL');
    spawnSync('ip', ['netns', 'del', netns]);
    await engines?.stop();
    await removeEngines(dir);
    rmSync(dir, { recursive: true, force: true });
  });

  it('promtool takes the rules, and each alert fires on what it is for', () => {
    const check = spawnSync('promtool', ['check', 'rules', RULES], { encoding: 'utf8' });
    expect(check.status, check.stderr).toBe(0);
    const tested = spawnSync('promtool', ['test', 'rules', TESTS], { encoding: 'utf8' });
    expect(tested.status, `${tested.stdout}${tested.stderr}`).toBe(0);
  });

  it('every rule is loaded and evaluates', async () => {
    await vi.waitFor(
      async () => {
        const { groups } = await ask<{ groups: { rules: { name: string; health: string; lastError?: string }[] }[] }>(
          'rules',
        );
        const rules = groups.flatMap((group) => group.rules);
        expect(rules.map(({ name }) => name).sort()).toEqual([...alerts].sort());
        expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
      },
      { timeout: 30_000, interval: 500 },
    );
  });

  it('every metric that rules and dashboards name is told, and every expression evaluates', async () => {
    const panels = DASHBOARDS.flatMap(({ panels: all }) => all.flatMap(({ targets }) => targets.map(([expr]) => expr)));
    const expressions = [...ruleExpressions, ...panels];
    expect(expressions.length).toBeGreaterThan(100);
    const told = await ask<Record<string, { type: string }[]>>('metadata');
    const unknown = new Set<string>();
    for (const expression of expressions)
      for (const [name] of expression.matchAll(/\bnetverdict_[a-z0-9_]+/g)) {
        const family = told[name] ?? told[name.replace(/_(bucket|sum|count)$/, '')];
        if (family === undefined) unknown.add(name);
      }
    expect([...unknown]).toEqual([]);
    for (const expression of expressions) {
      const concrete = expression.replaceAll('$__rate_interval', '1m').replaceAll(/\$(node|namespace|pod)\b/g, '.*');
      await ask(`query?query=${encodeURIComponent(concrete)}`);
    }
  });
});
