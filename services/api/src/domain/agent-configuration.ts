/**
 * What each agent is to run, and who must be told. Level-triggered: every heartbeat says which version its agent runs; whoever runs another than
 * is in force is told, by every replica that hears it. So a lost message, a restart of agent, api or NATS, and a node that joins late are one case.
 */
import {
  type AgentConfiguration,
  type AgentConfigurationChange,
  CONFIGURABLE_PROBES,
  type InvalidField,
  type ProbeSettings,
  type ProbeSettingsByName,
} from '@netverdict/contracts';
import { parseIp, parsePrefix } from '@netverdict/linux-net';
import type { ConfiguredNode } from '@netverdict/store';

/** What a node has of its own goes over what all have, setting by setting. */
function merged(all: ProbeSettingsByName, own: ProbeSettingsByName): ProbeSettingsByName {
  const names = new Set([...Object.keys(all), ...Object.keys(own)]);
  return Object.fromEntries(
    [...names].map((name): [string, ProbeSettings] => {
      const filter = { ...all[name]?.filter, ...own[name]?.filter };
      const settings = { ...all[name], ...own[name] };
      return [name, Object.keys(filter).length === 0 ? settings : { ...settings, filter }];
    }),
  );
}

export function effective(current: readonly ConfiguredNode[], node: string): AgentConfiguration {
  const all = current.find((one) => one.node === null);
  const own = current.find((one) => one.node === node);
  return {
    version: Math.max(all?.version ?? 0, own?.version ?? 0),
    probes: merged(all?.probes ?? {}, own?.probes ?? {}),
  };
}

/** What the schema cannot say: a threshold where the probe has one, reasons where it has the kernel's, addresses that are such. */
export function checkConfiguration({ probes, nodes }: AgentConfigurationChange): InvalidField[] {
  return Object.entries(probes).flatMap(([name, settings]) => {
    const probe = CONFIGURABLE_PROBES[name];
    const at = `/probes/${name}`;
    const { threshold, filter = {} } = settings;
    const wrong: InvalidField[] = [];
    if (threshold !== undefined && probe?.threshold === null)
      wrong.push({
        pointer: `${at}/threshold`,
        detail: `is ${threshold}, but ${name} has no threshold`,
        expected: `none here; these have one: ${withThreshold.join(', ')}`,
      });
    if (filter.exclude !== undefined && probe?.reasons === null)
      wrong.push({
        pointer: `${at}/filter/exclude`,
        detail: `${name} has no reasons of the kernel's that could be left out`,
        expected: `none here; these have: ${withReasons.join(', ')}`,
      });
    if (filter.address !== undefined && !isAddress(filter.address))
      wrong.push({
        pointer: `${at}/filter/address`,
        detail: `is ${JSON.stringify(filter.address)}`,
        expected: 'an address such as 10.244.1.7 or fd00::7, or a prefix such as 10.244.0.0/16',
      });
    if (filter.port !== undefined && (filter.protocol === 'icmp' || filter.protocol === 'icmpv6'))
      wrong.push({ pointer: `${at}/filter/port`, detail: `${filter.protocol} has no ports`, expected: 'none here' });
    if (filter.netns !== undefined && nodes?.length !== 1)
      wrong.push({
        pointer: `${at}/filter/netns`,
        detail: 'an inode names a namespace of one node only',
        expected: 'none, or exactly one node in nodes',
      });
    return wrong;
  });
}

const names = Object.entries(CONFIGURABLE_PROBES);
const withThreshold = names.flatMap(([name, { threshold }]) => (threshold === null ? [] : [name]));
const withReasons = names.flatMap(([name, { reasons }]) => (reasons === null ? [] : [name]));
const isAddress = (text: string): boolean => (text.includes('/') ? parsePrefix(text).ok : parseIp(text).ok);

export interface ConfigurationTeller {
  /** Of a heartbeat: tells the agent where it runs another version than is in force. */
  heard(cluster: string, node: string, version: number | undefined): Promise<void>;
  /** After a change: all agents that were heard of lately. */
  changed(cluster: string): Promise<void>;
}

/** An agent that was not heard for so long is told when it is heard again. */
const LATELY_MS = 60_000;
/** A change at another replica is seen by the heartbeats at the latest after this. */
const FRESH_MS = 5000;
const NOW = -1;

export function configurationTeller(options: {
  readonly current: (cluster: string) => Promise<readonly ConfiguredNode[]>;
  readonly tell: (cluster: string, node: string, configuration: AgentConfiguration) => Promise<void>;
  readonly now?: () => number;
}): ConfigurationTeller {
  const { current, tell, now = () => performance.now() } = options;
  const known = new Map<string, { readonly atMs: number; readonly nodes: Promise<readonly ConfiguredNode[]> }>();
  const heardMs = new Map<string, Map<string, number>>();

  function configured(cluster: string, maxAgeMs: number): Promise<readonly ConfiguredNode[]> {
    const last = known.get(cluster);
    if (last !== undefined && now() - last.atMs <= maxAgeMs) return last.nodes;
    const nodes = current(cluster);
    const fresh = { atMs: now(), nodes };
    known.set(cluster, fresh);
    nodes.catch(() => {
      if (known.get(cluster) === fresh) known.delete(cluster);
    });
    return nodes;
  }

  return {
    async heard(cluster, node, version) {
      const nodes = heardMs.get(cluster) ?? new Map<string, number>();
      heardMs.set(cluster, nodes.set(node, now()));
      if (version === undefined) return; // an agent of before, which cannot be configured
      if (effective(await configured(cluster, FRESH_MS), node).version === version) return;
      // What was read a moment ago may be older than what the agent runs.
      const wanted = effective(await configured(cluster, NOW), node);
      if (wanted.version !== version) await tell(cluster, node, wanted);
    },
    async changed(cluster) {
      const all = await configured(cluster, NOW);
      for (const [node, atMs] of heardMs.get(cluster) ?? []) {
        if (now() - atMs > LATELY_MS) heardMs.get(cluster)?.delete(node);
        else await tell(cluster, node, effective(all, node));
      }
    },
  };
}
