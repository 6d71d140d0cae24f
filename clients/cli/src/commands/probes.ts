/** `netverdict probes`, `netverdict configure`: what the agents' probes do, and having them do something else. */
import { didYouMean, type NodeDocument, nearest, type ProbeFilter, type ProbeSettings } from '@netverdict/contracts';
import type { NetverdictClient } from '@netverdict/sdk';
import { UsageError } from '../exit-codes.ts';
import { print, printTable } from '../terminal/print.ts';

export interface ProbesOptions {
  readonly node?: string;
  readonly cluster?: string;
  readonly json?: boolean;
}

const settingsText = (settings: NodeDocument['probes'][number]['settings']): string => {
  if (settings === undefined) return '';
  const { threshold, samples, oneIn, filter, because } = settings;
  const words = [
    ...(threshold === undefined ? [] : [`threshold ${threshold}`]),
    ...(samples === undefined ? [] : [`samples ${samples}`]),
    ...(oneIn === undefined ? [] : [`one in ${oneIn}`]),
    ...(filter === undefined ? [] : [filter]),
  ];
  return `${words.join(', ')}${because === undefined ? '' : ` (${because})`}`.trim();
};

export async function probes(client: NetverdictClient, options: ProbesOptions): Promise<void> {
  const { cluster, node: only } = options;
  const found: NodeDocument[] = [];
  const heard: string[] = [];
  for await (const node of client.listNodes(cluster === undefined ? {} : { cluster })) {
    heard.push(node.node);
    if (only === undefined || node.node === only) found.push(node);
  }
  if (found.length === 0 && (only !== undefined || cluster !== undefined || options.json !== true))
    throw new UsageError(
      only === undefined
        ? `no agent${cluster === undefined ? '' : ` of a cluster ${cluster}`} has been heard of yet`
        : `no agent of a node ${only} has been heard of.${didYouMean(nearest(only, heard))}`,
    );
  if (options.json === true) return print(JSON.stringify(found, null, 2));
  for (const [i, node] of found.entries()) {
    if (i > 0) print('');
    const { budget, configuration } = node;
    print(
      `${node.node}: ${node.state}, kernel ${node.kernel}, configuration ${configuration?.version ?? 0}` +
        (budget === null
          ? ''
          : `, ${budget.cpuPercent}% of ${budget.cpuLimitPercent}% CPU, ${mib(budget.memoryBytes)} of ${mib(budget.memoryLimitBytes)} MiB`),
    );
    for (const { probe, setting, problem } of configuration?.problems ?? [])
      print(`  ! ${probe} ${setting}: ${problem}`);
    if (node.watch !== null) print(`  no probes: ${node.watch}`);
    if (node.probes.length === 0) continue;
    printTable(
      ['probe', 'state', 'seen', 'told', 'filtered', 'sampled away', 'lost', ''],
      node.probes.map((p) => [
        p.name,
        p.state,
        ...[p.seen, p.aggregated, p.filtered, p.sampledAway, p.lost + p.missed].map(String),
        p.reason ?? settingsText(p.settings),
      ]),
    );
  }
}

const mib = (bytes: number): number => Math.round(bytes / 1024 / 1024);

export interface ConfigureOptions {
  readonly node?: readonly string[];
  readonly cluster?: string;
  readonly on?: readonly string[];
  readonly off?: readonly string[];
  readonly probe?: string;
  readonly threshold?: string;
  readonly samples?: string;
  readonly oneIn?: string;
  readonly address?: string;
  readonly port?: string;
  readonly protocol?: string;
  readonly exclude?: string;
  readonly defaults?: boolean;
  readonly reason?: string;
  readonly json?: boolean;
}

const number = (name: string, text: string): number => {
  if (!/^\d+$/.test(text)) throw new UsageError(`--${name} ${text}: write a whole number`);
  return Number(text);
};

/** The settings that the options name; what they do not name stays. */
export function changed(
  before: Readonly<Record<string, ProbeSettings>>,
  options: ConfigureOptions,
): Record<string, ProbeSettings> {
  const { on = [], off = [], probe, threshold, samples, oneIn, address, port, protocol, exclude } = options;
  const next: Record<string, ProbeSettings> = { ...before };
  for (const [names, enabled] of [
    [on, true],
    [off, false],
  ] as const)
    for (const name of names) next[name] = { ...next[name], enabled };
  const filter = {
    ...(address === undefined ? {} : { address }),
    ...(port === undefined ? {} : { port: number('port', port) }),
    ...(protocol === undefined ? {} : { protocol: protocol as NonNullable<ProbeFilter['protocol']> }),
    ...(exclude === undefined ? {} : { exclude: exclude === '' ? [] : exclude.split(',') }),
  };
  const settings: ProbeSettings = {
    ...(threshold === undefined ? {} : { threshold: number('threshold', threshold) }),
    ...(samples === undefined ? {} : { samples: number('samples', samples) }),
    ...(oneIn === undefined ? {} : { oneIn: number('one-in', oneIn) }),
    ...(Object.keys(filter).length === 0 ? {} : { filter }),
  };
  if (Object.keys(settings).length === 0) return next;
  if (probe === undefined) throw new UsageError('--probe says whose setting it is');
  const own = next[probe] ?? {};
  next[probe] = { ...own, ...settings, ...('filter' in settings ? { filter: { ...own.filter, ...filter } } : {}) };
  return next;
}

export async function configure(client: NetverdictClient, options: ConfigureOptions): Promise<void> {
  const { cluster, node, defaults = false, reason } = options;
  const query = cluster === undefined ? {} : { cluster };
  // Before anything is asked: what the options say wrongly is so with any configuration.
  const nothing = Object.keys(changed({}, options)).length === 0 && !defaults;
  const current = await client.agentConfiguration(query);
  const of = (name: string | null): Record<string, ProbeSettings> =>
    changed(defaults ? {} : ((name === null ? current.all : current.nodes[name]) ?? {}), options);
  if (nothing) return print(JSON.stringify(current, null, 2));
  let version = current.version;
  // Nodes may differ in what they have already: each keeps it.
  for (const name of node ?? [null]) {
    const body = {
      ...query,
      ...(name === null ? {} : { nodes: [name] }),
      probes: of(name),
      ifVersion: version,
      ...(reason === undefined ? {} : { reason }),
    };
    version = (await client.configureAgents(body)).version;
  }
  print(
    options.json === true ? JSON.stringify({ version }) : `configured, version ${version}; see \`netverdict probes\``,
  );
}
