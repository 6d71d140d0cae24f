/** The chart as helm renders it. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const CHART = join(import.meta.dirname, '../../deploy/helm/netverdict');

/** What is rendered for people and tests; each with values as helm's `--set` takes them. */
export const RENDERED: Readonly<Record<string, readonly string[]>> = {
  hub: ['tokens.existingSecret=netverdict-tokens', 'monitoring.serviceMonitors.enabled=true'],
  'hub-external': [
    'tokens.existingSecret=netverdict-tokens',
    'nats.bundled=false',
    'nats.external.url=tls://nats.example:4222',
    'redis.bundled=false',
    'redis.existingSecret=redis',
    'postgresql.bundled=false',
    'postgresql.existingSecret=database',
    'simulator.autoscaling.enabled=false',
    'monitoring.otlpEndpoint=http://otel:4318',
  ],
  member: ['mode=member', 'cluster=second', 'nats.bundled=false', 'nats.external.url=tls://hub.example:4222'],
};

/** null: there is none. */
export function helmPath(): string | null {
  const asked = process.env.NETVERDICT_HELM;
  const found = asked ? [asked] : (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'helm'));
  return (
    found.find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    }) ?? null
  );
}

/** @throws Error with what helm said */
export function render(helm: string, values: readonly string[]): string {
  const args = ['template', 'netverdict', CHART, '--namespace', 'netverdict', '--kube-version', '1.31.0'];
  const { status, stdout, stderr, error } = spawnSync(helm, [...args, ...values.flatMap((value) => ['--set', value])], {
    encoding: 'utf8',
    timeout: 60_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(stderr);
  // Passwords are made anew each time.
  return stdout.replaceAll(/\b[A-Za-z0-9]{40}\b/g, 'MADE-AT-THE-FIRST-INSTALLATION');
}
