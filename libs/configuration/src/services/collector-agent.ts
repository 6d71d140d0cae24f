import { absolutePath, integer, needs, or, orNone, text } from '../setting.ts';
import { BUS, cluster, HEALTH, PROCESS } from './common.ts';

const criEndpoint = text('NETVERDICT_CRI_ENDPOINT', 'socket of the container runtime; none: the known ones are tried');
const spoolDir = orNone(
  absolutePath('NETVERDICT_SPOOL_DIR', 'folder where events wait for the bus; none: in memory only'),
);

export const COLLECTOR_AGENT = {
  ...PROCESS,
  ...HEALTH,
  ...BUS,
  cluster,
  node: text('NETVERDICT_NODE', 'name of this node, as the cluster calls it'),
  hostNetns: or(absolutePath('NETVERDICT_HOST_NETNS', "the node's own network namespace"), '/proc/1/ns/net'),
  criEndpoint: orNone({
    ...criEndpoint,
    form: 'unix:///…',
    parse: (given: string) => {
      if (!given.startsWith('unix:///')) throw new Error(`must begin with unix:///, not "${given}"`);
      return given;
    },
  }),
  helper: orNone(absolutePath('NETVERDICT_HELPER', 'the native program that reads; none: the one built beside')),
  watchEvery: or(
    integer('NETVERDICT_WATCH_INTERVAL_MS', 'how often counters are read, in ms', { min: 200, max: 600_000 }),
    '5000',
  ),
  sidecar: orNone(
    absolutePath('NETVERDICT_WATCH_SIDECAR', 'the native program with the eBPF probes; none: the one built beside'),
  ),
  capture: orNone(
    absolutePath('NETVERDICT_CAPTURE_HELPER', 'the native program that captures; none: the one built beside'),
  ),
  prober: orNone(absolutePath('NETVERDICT_PROBER', 'the native program that sends probes; none: the one built beside')),
  cpuPercent: or(
    integer('NETVERDICT_CPU_LIMIT_PERCENT', 'what agent and native programs may use, in percent of one core', {
      min: 1,
      max: 400,
    }),
    '20',
  ),
  memoryMib: or(
    integer('NETVERDICT_MEMORY_LIMIT_MIB', 'what they may use of memory, in MiB', { min: 64, max: 65_536 }),
    '300',
  ),
  budgetLook: or(
    integer('NETVERDICT_BUDGET_LOOK_MS', 'how often is looked at what they use, in ms', { min: 200, max: 600_000 }),
    '5000',
  ),
  budgetCalm: or(
    integer(
      'NETVERDICT_BUDGET_CALM_MS',
      'how long it must be little before a probe is given back what was taken, in ms',
      {
        min: 200,
        max: 600_000,
      },
    ),
    '30000',
  ),
  spoolDir,
  spoolMib: or(
    needs(integer('NETVERDICT_SPOOL_MIB', 'how much may wait there, in MiB', { min: 1, max: 65_536 }), spoolDir),
    '64',
  ),
  btfFile: orNone(
    absolutePath('NETVERDICT_BTF_FILE', 'BTF of this very kernel, where /sys/kernel/btf/vmlinux is not there'),
  ),
  cgroupRoot: or(absolutePath('NETVERDICT_CGROUP_ROOT', 'where cgroups are mounted'), '/sys/fs/cgroup'),
};
