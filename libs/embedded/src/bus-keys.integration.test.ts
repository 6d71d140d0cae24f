import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { writeBusKeys } from './bus-keys.ts';
import { requireProgram } from './process.ts';

const out = mkdtempSync(join(tmpdir(), 'nv-bus-keys-'));
afterAll(() => rmSync(out, { recursive: true }));

test('a second cluster is added to the users, and the keys that are there stay', () => {
  writeBusKeys(out, 'prod', ['node-1', 'ip-10-0-0-1.example']);
  const before = readFileSync(join(out, 'prod/agents/node-1'), 'utf8');
  writeBusKeys(out, 'second', ['node-1']);
  writeBusKeys(out, 'prod', ['node-1', 'node-2']);
  expect(readdirSync(join(out, 'hub')).toSorted()).toEqual(['api.nk', 'eventproc.nk', 'simulator.nk']);
  expect(readdirSync(join(out, 'prod/agents')).toSorted()).toEqual(['ip-10-0-0-1.example', 'node-1', 'node-2']);
  expect(readFileSync(join(out, 'prod/agents/node-1'), 'utf8')).toBe(before);
  expect(readFileSync(join(out, 'second/agents/node-1'), 'utf8')).not.toBe(before);
  const users = readFileSync(join(out, 'nats/users.conf'), 'utf8');
  expect(users.match(/"nkey"/g)).toHaveLength(9); // Three of the hub, two topologies, four nodes.
  expect(users).not.toContain(before.trim());
});

test('nats-server takes the users as the chart includes them', () => {
  const config = join(out, 'nats.conf');
  writeFileSync(config, 'listen: 127.0.0.1:0\nauthorization { include nats/users.conf }\n');
  // -t: reads the configuration and ends; a status other than 0 throws.
  execFileSync(requireProgram('nats-server', 'nats-server'), ['-t', '-c', config], { stdio: 'pipe', timeout: 30_000 });
  writeFileSync(config, 'listen: 127.0.0.1:0\nauthorization { include nats/nobody.conf }\n');
  expect(() =>
    execFileSync(requireProgram('nats-server', 'nats-server'), ['-t', '-c', config], {
      stdio: 'pipe',
      timeout: 30_000,
    }),
  ).toThrow();
});
