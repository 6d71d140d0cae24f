/** The agent's environment variables, checked at start (README.md lists them). */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { absent, ConfigurationError, integer, optional, required, url } from '@netverdict/telemetry';

export interface Configuration {
  readonly cluster: string;
  readonly node: string;
  readonly natsUrl: string;
  readonly nkeySeedFile: string | null;
  readonly hostNetns: string;
  /** null: the known sockets are tried. */
  readonly criEndpoint: string | null;
  readonly helperPath: string;
  readonly watchEveryMs: number;
  readonly sidecarPath: string;
  readonly proberPath: string;
  /** Where cgroups are mounted. */
  readonly cgroupRoot: string;
  /** What agent, helper and sidecar may use: of one core, and of memory. */
  readonly limits: { readonly cpuPercent: number; readonly memoryBytes: number };
  readonly capturePath: string;
  /** Where batches wait for the stream; null: in memory only. */
  readonly spoolDisk: { readonly dir: string; readonly maxBytes: number } | null;
}

/** The namespace of the machine itself. */
export const NODE_NETNS = '/proc/1/ns/net';
export const builtHelper = fileURLToPath(new URL('../native/build/netverdict-collect', import.meta.url));

export const builtCapture = fileURLToPath(new URL('../native/build/netverdict-capture', import.meta.url));

export const builtSidecar = fileURLToPath(new URL('../native/build/netverdict-watch', import.meta.url));

export const builtProber = fileURLToPath(new URL('../native/build/netverdict-probe', import.meta.url));

type Environment = Readonly<Record<string, string | undefined>>;

export function readConfiguration(env: Environment): Configuration {
  const absolute = (name: string, fallback: string): string => {
    const path = optional(name, fallback, env);
    if (!path.startsWith('/')) throw new ConfigurationError(`${name} must be an absolute path, not "${path}"`);
    return path;
  };
  const criEndpoint = absent('NETVERDICT_CRI_ENDPOINT', env);
  if (criEndpoint !== null && !criEndpoint.startsWith('unix:///'))
    throw new ConfigurationError(`NETVERDICT_CRI_ENDPOINT must begin with unix:///, not "${criEndpoint}"`);
  const cluster = optional('NETVERDICT_CLUSTER', 'default', env);
  const node = required('NETVERDICT_NODE', 'name of this node, as the cluster calls it', env);
  const spoolDir = absent('NETVERDICT_SPOOL_DIR', env);
  return {
    cluster,
    node,
    natsUrl: url('NETVERDICT_NATS_URL', ['nats', 'tls'], 'address of the NATS server, nats://host:port', env),
    nkeySeedFile: absent('NETVERDICT_NATS_NKEY_FILE', env),
    hostNetns: absolute('NETVERDICT_HOST_NETNS', NODE_NETNS),
    criEndpoint,
    helperPath: absolute('NETVERDICT_HELPER', builtHelper),
    watchEveryMs: integer('NETVERDICT_WATCH_INTERVAL_MS', 5000, { min: 200, max: 600_000 }, env),
    sidecarPath: absolute('NETVERDICT_WATCH_SIDECAR', builtSidecar),
    capturePath: absolute('NETVERDICT_CAPTURE_HELPER', builtCapture),
    proberPath: absolute('NETVERDICT_PROBER', builtProber),
    limits: {
      cpuPercent: integer('NETVERDICT_CPU_LIMIT_PERCENT', 20, { min: 1, max: 400 }, env),
      memoryBytes: integer('NETVERDICT_MEMORY_LIMIT_MIB', 300, { min: 64, max: 65_536 }, env) * 1024 * 1024,
    },
    spoolDisk:
      spoolDir === null
        ? null
        : {
            // Several nodes of a lab may be one machine.
            dir: join(absolute('NETVERDICT_SPOOL_DIR', spoolDir), `${cluster}-${node}`.replaceAll(/[^\w.-]/g, '_')),
            maxBytes: integer('NETVERDICT_SPOOL_MIB', 64, { min: 1, max: 65_536 }, env) * 1024 * 1024,
          },
    cgroupRoot: absolute('NETVERDICT_CGROUP_ROOT', '/sys/fs/cgroup'),
  };
}
