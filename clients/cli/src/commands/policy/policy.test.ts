/** The policy commands as a user runs them. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const MAIN = join(import.meta.dirname, '../../main.ts');
const PODS = `
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Pod, metadata: {name: web-1, namespace: shop, labels: {app: web, pod-template-hash: abc}}, status: {podIP: 10.244.0.5}}
  - {apiVersion: v1, kind: Pod, metadata: {name: cart-1, namespace: shop, labels: {app: cart}}, status: {podIP: 10.244.0.6}}
`;
const policy = (name: string, spec: string): string =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n---\n`;
const DENY = policy('deny', '{podSelector: {}}');
const ALLOW = policy(
  'web',
  '{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: cart}}}], ports: [{port: 80}]}]}',
);
const OUTSIDE = policy(
  'out',
  '{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}',
);

let folder = '';
const at = (name: string): string => join(folder, name);
const run = (...argv: string[]) =>
  spawnSync(process.execPath, [MAIN, 'policy', ...argv], { encoding: 'utf8', input: PODS });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nv-policy-'));
  const files = {
    'pods.yaml': PODS,
    'before/deny.yaml': DENY,
    'after/deny.yaml': DENY,
    'after/web.yaml': ALLOW,
    'outside/out.yaml': OUTSIDE,
    'wrong/typo.yaml': policy('typo', '{podselector: {}}'),
    'wrong/text.yaml': 'a: b: c',
    'calico/deny.yaml':
      'apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: deny}\nspec: {types: [Ingress]}\n',
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(at(name)), { recursive: true });
    writeFileSync(at(name), text);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('policy check', () => {
  test('a denial names the policy and gives a manifest that opens it', () => {
    const { status, stdout } = run(
      'check',
      '-f',
      at('pods.yaml'),
      at('before'),
      '--from',
      'shop/cart-1',
      '--to',
      'shop/web-1:80',
    );
    expect(status).toBe(1);
    expect(stdout).toContain('shop/deny');
    expect(stdout).toContain('kind: NetworkPolicy');
    expect(stdout).not.toContain('pod-template-hash');
  });

  test('the manifest that it gives opens it', () => {
    const denied = run(
      'check',
      '-f',
      at('pods.yaml'),
      at('before'),
      '--from',
      'shop/cart-1',
      '--to',
      'shop/web-1:80',
      '--json',
    );
    const { wouldAllow } = JSON.parse(denied.stdout) as { wouldAllow: readonly { manifest: object }[] };
    writeFileSync(at('opened.json'), JSON.stringify(wouldAllow[0]?.manifest));
    const argv = ['-f', at('pods.yaml'), at('before'), at('opened.json'), '--from', 'shop/cart-1', '--to'];
    expect(run('check', ...argv, 'shop/web-1:80').status).toBe(0);
    expect(run('check', ...argv, 'shop/web-1:81').status).toBe(1);
  });

  test('manifests come from stdin too', () => {
    const { status, stdout } = run('check', '-f', '-', '--from', 'shop/cart-1', '--to', 'shop/web-1:80');
    expect(stdout).toContain('no policy is about it');
    expect(status).toBe(0);
  });

  test.each([
    ['an end that is not there', ['--from', 'shop/car', '--to', 'shop/web-1:80'], 'Did you mean'],
    ['no port', ['--from', 'shop/cart-1', '--to', 'shop/web-1'], 'write the end and its port'],
    [
      'a protocol that policies do not know',
      ['--from', 'shop/cart-1', '--to', 'shop/web-1:80', '--protocol', 'icmp'],
      'sctp',
    ],
  ])('%s is told, with exit code 3', (_name, argv, says) => {
    const { status, stderr } = run('check', '-f', at('pods.yaml'), ...argv);
    expect(stderr).toContain(says);
    expect(status).toBe(3);
  });

  test('a policy that cannot be understood gives no answer', () => {
    const argv = ['--from', 'shop/cart-1', '--to', 'shop/web-1:80'];
    const { status, stdout, stderr } = run('check', '-f', at('pods.yaml'), at('wrong/typo.yaml'), ...argv);
    expect(stderr).toContain('NetworkPolicy shop/typo: spec has fields that do not exist: podselector');
    expect(stdout).toBe('');
    expect(status).toBe(3);
    expect(run('check', '-f', at('wrong/text.yaml'), ...argv).stderr).toContain('text.yaml is not YAML');
  });
});

test('no answer leaves out a policy that is not evaluated', () => {
  const files = ['-f', at('pods.yaml'), at('calico')];
  for (const argv of [
    ['check', ...files, '--from', 'shop/cart-1', '--to', 'shop/web-1:80'],
    ['matrix', ...files],
    ['diff', at('before'), at('calico'), '--with', at('pods.yaml')],
  ]) {
    const { status, stdout, stderr } = run(...argv);
    expect(stderr).toContain('GlobalNetworkPolicy deny: apiVersion projectcalico.org/v3 is not evaluated');
    expect(stdout).toBe('');
    expect(status).toBe(3);
  }
});

describe('policy matrix and diff', () => {
  test('the matrix as CSV has a line for each pair', () => {
    const { stdout } = run('matrix', '-f', at('pods.yaml'), at('after'), '-o', 'csv');
    const lines = stdout.trim().split('\n');
    expect(lines[0]).toBe('from,to,allowed,unknown');
    expect(lines).toContain('shop/cart-1,shop/web-1,TCP 80,');
    expect(lines).toContain('shop/web-1,shop/cart-1,none,');
    expect(lines).toHaveLength(1 + 2 * 2 + 2 * 2);
  });

  test('a change that opens something says what, with exit code 1', () => {
    const { status, stdout } = run('diff', at('before'), at('after'), '--with', at('pods.yaml'), '-o', 'json');
    expect(JSON.parse(stdout)).toEqual({
      changes: [{ from: 'shop/cart-1', to: 'shop/web-1', opened: 'TCP 80', closed: 'none' }],
      added: [],
      removed: [],
    });
    expect(status).toBe(1);
  });

  test('what a block closes towards the outside is told, also where only one side has the block', () => {
    const { stdout } = run('diff', at('pods.yaml'), at('outside'), '--with', at('pods.yaml'), '-o', 'json');
    const { changes, added, removed } = JSON.parse(stdout) as Record<'changes' | 'added' | 'removed', unknown[]>;
    expect([added, removed]).toEqual([[], []]);
    expect(changes).toContainEqual({ from: 'shop/web-1', to: 'outside', opened: 'none', closed: 'all' });
    expect(changes).not.toContainEqual(expect.objectContaining({ to: 'outside 10.0.0.0/8' }));
  });

  test('no change is exit code 0, and JUnit counts failures', () => {
    expect(run('diff', at('after'), at('after'), '--with', at('pods.yaml')).status).toBe(0);
    const { stdout } = run('diff', at('before'), at('after'), '--with', at('pods.yaml'), '-o', 'junit');
    expect(stdout).toContain('<testsuites tests="1" failures="1">');
    expect(stdout).toContain('opened: TCP 80');
  });
});
