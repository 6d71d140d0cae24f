/** What is wrong with an installation, and what to do about it. Pure: what is known goes in, one check for each thing that is needed comes out. */
import type { AgentDocument, Dependency, HealthCheck, ServiceName, ServiceReplica } from '@netverdict/contracts';

export interface Known {
  readonly version: string;
  /** What the api needs. */
  readonly dependencies: readonly Dependency[];
  readonly services: readonly ServiceReplica[];
  /** Whoever runs has been heard. */
  readonly settled: boolean;
  /** null: the store does not answer. */
  readonly agents: readonly AgentDocument[] | null;
  /** null: NATS does not answer. */
  readonly deadLetters: number | null;
  readonly defaultCluster: string;
}

const CLOCK_MS = 2000;

const passed = (name: string, detail: string): HealthCheck => ({ name, state: 'passed', detail, remedy: null });
const failed = (name: string, detail: string, remedy: string): HealthCheck => ({
  name,
  state: 'failed',
  detail,
  remedy,
});
const warning = (name: string, detail: string, remedy: string): HealthCheck => ({
  ...{ name, state: 'warning', detail, remedy },
});
const unknown = (name: string, detail: string, remedy: string): HealthCheck => ({
  ...{ name, state: 'unknown', detail, remedy },
});

const MOST_NAMES = 5;
const listed = (names: readonly string[]): string =>
  names.length <= MOST_NAMES
    ? names.join(', ')
    : `${names.slice(0, MOST_NAMES).join(', ')} and ${names.length - MOST_NAMES} more`;

const ENGINES: Readonly<Record<string, { readonly means: string; readonly remedy: string }>> = {
  postgresql: {
    means: 'nothing is accepted and nothing can be read',
    remedy: 'See that PostgreSQL runs and that NETVERDICT_DATABASE_URL of the api names it with the right password.',
  },
  nats: {
    means: 'questions are accepted and wait',
    remedy:
      'See that NATS runs with JetStream, that NETVERDICT_NATS_URL of the api names it, and that its key file is the one that the server knows (`netverdict keys`).',
  },
  redis: {
    means: 'webhooks, schedules and ping meshes wait, and requests are counted by each replica alone',
    remedy: 'See that Redis runs and that NETVERDICT_REDIS_URL of the api names it.',
  },
};

function engines({ dependencies }: Known): HealthCheck[] {
  return dependencies.map(({ name, reachable }) => {
    if (reachable) return passed(name, 'answers the api');
    const engine = ENGINES[name];
    return failed(
      name,
      `does not answer the api${engine === undefined ? '' : `: ${engine.means}`}`,
      engine?.remedy ?? `See that ${name} runs and that the api is configured to reach it.`,
    );
  });
}

const MEANS: Readonly<Record<ServiceName, string>> = {
  api: 'no other replica tells of itself, not even this one',
  topology: 'nothing in this cluster can be diagnosed',
  simulator: 'no diagnosis comes to a verdict',
  eventproc: 'events are not stored, and agents are not known',
};

/** @param cluster null: one that serves all */
function service(known: Known, name: ServiceName, cluster: string | null): HealthCheck {
  const title = cluster === null ? name : `${name} of ${cluster}`;
  const replicas = known.services.filter((one) => one.service === name && one.cluster === cluster);
  const running = replicas.filter(({ state }) => state === 'running');
  const setting = `NETVERDICT_NATS_URL, NETVERDICT_NATS_NKEY_FILE${cluster === null ? '' : ` and NETVERDICT_CLUSTER=${cluster}`}`;
  if (running.length === 0) {
    if (!known.settled)
      return unknown(
        title,
        'has not been heard yet',
        'Heartbeats come over NATS, every 5 seconds: ask again when it has answered for 10 seconds.',
      );
    const last = replicas
      .map(({ lastSeen }) => lastSeen)
      .sort()
      .at(-1);
    return failed(
      title,
      `is not heard${last === undefined ? '' : ` since ${last}`}: ${MEANS[name]}`,
      `Start it, or read the end of its log. It needs ${setting}.`,
    );
  }
  const lacking = running.flatMap(({ replica, dependencies }) =>
    dependencies.flatMap((one) => (one.reachable ? [] : [`${one.name} (${replica})`])),
  );
  const replicaCount = `${running.length} ${running.length === 1 ? 'replica' : 'replicas'}`;
  if (lacking.length > 0)
    return failed(
      title,
      `${replicaCount} run, but cannot reach ${listed(lacking)}`,
      'See that it runs, that the replica is configured to reach it, and that no firewall lies between; the log of the replica has the reason.',
    );
  return passed(title, `${replicaCount} ${running.length === 1 ? 'runs' : 'run'}`);
}

function services(known: Known): HealthCheck[] {
  const clusters = new Set([known.defaultCluster, ...(known.agents ?? []).map(({ cluster }) => cluster)]);
  return [
    service(known, 'simulator', null),
    service(known, 'eventproc', null),
    ...[...clusters].sort().map((cluster) => service(known, 'topology', cluster)),
  ];
}

const nodeOf = ({ cluster, node }: AgentDocument): string => `${cluster}/${node}`;

function agents({ agents: all }: Known): HealthCheck[] {
  if (all === null) return [unknown('agents', 'are not known: the store does not answer', 'Mend PostgreSQL first.')];
  if (all.length === 0)
    return [
      failed(
        'agents',
        'none has ever been heard: no node can be read',
        'Start a collector-agent on every node, with the key of that node (`netverdict keys`); eventproc must run for it to be noted.',
      ),
    ];
  const silent = all.filter(({ state }) => state === 'silent');
  const heard = all.filter(({ state }) => state !== 'silent');
  const unwatched = heard.filter(({ watch }) => watch !== null);
  const reasons = [...new Set(unwatched.flatMap(({ watch }) => watch ?? []))];
  const less = ['capture', 'probe'].flatMap((capability) => {
    const without = heard.filter(({ capabilities }) => !capabilities.includes(capability));
    return without.length === 0 ? [] : [`${capability} on ${listed(without.map(nodeOf))}`];
  });
  return [
    silent.length === 0
      ? passed('agents', `all ${all.length} are heard`)
      : failed(
          'agents',
          `${silent.length} of ${all.length} are silent: ${listed(silent.map(nodeOf))}`,
          'See on these nodes that the collector-agent runs and reaches NATS; until then diagnoses across them are partial. A node that is gone is forgotten by itself after a while.',
        ),
    unwatched.length === 0
      ? passed('probes', 'run wherever an agent is heard')
      : warning(
          'probes',
          `no eBPF probe runs on ${listed(unwatched.map(nodeOf))}: ${listed(reasons)}`,
          'Only counters are watched there. Give the agent the capabilities of the chart (CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN) and a kernel with BTF.',
        ),
    less.length === 0
      ? passed('capabilities', 'every agent can collect, probe and capture')
      : warning(
          'capabilities',
          `missing: ${less.join('; ')}`,
          'Build the native part of the agent completely (its image has it), and see that its files can be run.',
        ),
  ];
}

function versions({ version, services: replicas, agents: all }: Known): HealthCheck {
  const others = [
    ...replicas.filter(({ state }) => state === 'running').map((one) => ({ who: one.service, version: one.version })),
    ...(all ?? []).filter(({ state }) => state !== 'silent').map((one) => ({ who: nodeOf(one), version: one.version })),
  ].filter((one) => one.version !== version);
  if (others.length === 0) return passed('versions', `all are ${version}`);
  return warning(
    'versions',
    `the api is ${version}; ${listed(others.map((one) => `${one.who} ${one.version}`))}`,
    'During an upgrade this is in order. Else bring all to one version: agents and services first, the api last.',
  );
}

function clocks({ services: replicas, agents: all }: Known): HealthCheck {
  const wrong = [
    ...replicas
      .filter(({ state }) => state === 'running')
      .map((one) => ({ who: one.replica, offset: one.clockOffsetMs })),
    ...(all ?? [])
      .filter(({ state }) => state !== 'silent')
      .map((one) => ({ who: nodeOf(one), offset: one.clockOffsetMs ?? 0 })),
  ].filter(({ offset }) => Math.abs(offset) > CLOCK_MS);
  if (wrong.length === 0) return passed('clocks', `none is more than ${CLOCK_MS / 1000} s off`);
  return failed(
    'clocks',
    listed(
      wrong.map(
        ({ who, offset }) => `${who} is ${Math.abs(offset / 1000).toFixed(1)} s ${offset > 0 ? 'ahead' : 'behind'}`,
      ),
    ),
    'Let a time service (chrony, systemd-timesyncd) set the clock there: the ages of what was read and the order of events are told by it.',
  );
}

function deadLetters({ deadLetters: count }: Known): HealthCheck {
  const name = 'dead letters';
  if (count === null) return unknown(name, 'are not known: NATS does not answer', 'Mend NATS first, then ask again.');
  if (count === 0) return passed(name, 'there are none');
  return warning(
    name,
    `${count} ${count === 1 ? 'message' : 'messages'} could not be handled`,
    'See why with `netverdict dead-letters list`; when the reason is mended, `netverdict dead-letters redeliver --all`, or drop them. They are kept for a week.',
  );
}

const GRAVITY: readonly HealthCheck['state'][] = ['failed', 'unknown', 'warning', 'passed'];

/** The gravest first. */
export function checkInstallation(known: Known): HealthCheck[] {
  const checks = [
    ...engines(known),
    ...services(known),
    ...agents(known),
    versions(known),
    clocks(known),
    deadLetters(known),
  ];
  return checks.sort((a, b) => GRAVITY.indexOf(a.state) - GRAVITY.indexOf(b.state));
}

export const worst = (checks: readonly HealthCheck[]): HealthCheck['state'] =>
  GRAVITY.find((state) => checks.some((check) => check.state === state)) ?? 'passed';
