/** docker-compose.yml against the settings, the files and the images that it names; no engine is needed. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVICES, type Settings } from '@netverdict/configuration';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { rendered } from './chart-objects.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Container {
  readonly build?: {
    readonly dockerfile: string;
    readonly target: string;
    readonly args: { readonly SERVICE: string };
  };
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly (string | { readonly source: string })[];
  readonly read_only?: boolean;
  readonly privileged?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly depends_on?: readonly string[];
}
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  readonly services: Readonly<Record<string, Container>>;
  readonly secrets: Readonly<Record<string, unknown>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
const ours = Object.entries(compose.services).flatMap(([name, container]) =>
  container.build === undefined ? [] : [{ name, container, build: container.build }],
);

test('there is a container for each service, and for all that they need', () => {
  expect(ours.map(({ build }) => build.args.SERVICE).toSorted()).toEqual(Object.keys(SERVICES).toSorted());
  for (const name of ['nats', 'redis', 'postgresql', 'prometheus', 'grafana', 'loki'])
    expect(Object.keys(compose.services)).toContain(name);
});

test.each(ours)('$name is told all that it must be told, and no file that it is not given', ({ container, build }) => {
  const settings = Object.values(
    Object.entries<Settings>(SERVICES).find(([service]) => service === build.args.SERVICE)?.[1] ?? {},
  );
  const given = container.environment ?? {};
  const missing = settings.filter(
    ({ name, fallback }) => fallback.required && given[name] === undefined && given[`${name}_FILE`] === undefined,
  );
  expect(missing.map(({ name }) => name)).toEqual([]);
  const used = Object.values(given).flatMap((value) => /^\/run\/secrets\/(.+)$/.exec(value)?.[1] ?? []);
  expect(used.toSorted()).toEqual((container.secrets ?? []).toSorted());
});

test.each(ours)('$name has a read-only root, and no capability that is not the agent’s', ({ name, container }) => {
  expect(container).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
  expect(container.privileged).toBeUndefined();
  const agent = rendered('hub').find(({ kind }) => kind === 'DaemonSet');
  const wanted = agent?.spec.template.spec.containers[0].securityContext.capabilities.add;
  expect(container.cap_add).toEqual(name === 'agent' ? wanted : undefined);
});

test('what is named is there: stages of the Dockerfile, files, volumes, secrets, other containers', () => {
  const stages = [...read('deploy/images/Dockerfile').matchAll(/^FROM \S+ AS (\S+)$/gm)].map(([, stage]) => stage);
  for (const { build } of ours) expect(stages).toContain(build.target);
  for (const [name, { secrets = [], volumes = [], depends_on = [] }] of Object.entries(compose.services)) {
    for (const secret of secrets) expect(Object.keys(compose.secrets), name).toContain(secret);
    for (const other of depends_on) expect(Object.keys(compose.services), name).toContain(other);
    for (const volume of volumes) {
      const source = (typeof volume === 'string' ? volume.split(':')[0] : volume.source) ?? '';
      if (source.startsWith('./')) expect(existsSync(join(root, source)), source).toBe(true);
      else if (!source.startsWith('/')) expect(Object.keys(compose.volumes), name).toContain(source);
    }
  }
});

test('the images run as nobody, but for the agent’s', () => {
  const users = new Map<string, string>();
  let stage = '';
  for (const line of read('deploy/images/Dockerfile').split('\n')) {
    stage = /^FROM \S+ AS (\S+)$/.exec(line)?.[1] ?? stage;
    const user = /^USER (\S+)$/.exec(line)?.[1];
    if (user !== undefined) users.set(stage, user);
  }
  expect(Object.fromEntries(users)).toEqual({ service: '65532:65532', cli: '65532:65532', agent: '0:0' });
});
