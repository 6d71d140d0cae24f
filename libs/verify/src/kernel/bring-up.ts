/** A world's lines as commands to the prober, in the order that they need. */
import type { NamespaceSpec, SocketSpec, WorldSpec } from '../world/spec.ts';
import { BASE_SYSCTLS } from './base-sysctls.ts';
import type { Command } from './prober.ts';
import { traceLines } from './trace-table.ts';

/** The lines that a command stands for, so that a complaint can be led back to one. */
export interface LinesCommand extends Command {
  readonly namespace: string;
  readonly tool: string;
  readonly lines: readonly string[];
}

/** How a placeholder is written for the tools: a path that stands for the namespace. */
export type PathOf = (namespace: string) => string | undefined;

export function fillPlaceholders(line: string, pathOf: PathOf): string {
  return line.replace(/\{([\w.-]+)\}/g, (whole, name: string) => pathOf(name) ?? whole);
}

const tool = (ns: NamespaceSpec, name: string, lines: readonly string[], pathOf: PathOf): LinesCommand[] =>
  lines.length === 0
    ? []
    : [
        {
          namespace: ns.name,
          tool: name,
          lines,
          fields: ['tool', ns.name, name],
          input: `${lines.map((line) => fillPlaceholders(line, pathOf)).join('\n')}\n`,
        },
      ];

export function sysctlCommand(namespace: string, line: string): LinesCommand {
  const at = line.indexOf('=');
  const [key, value] = at < 0 ? [line.trim(), ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
  return { namespace, tool: 'sysctl', lines: [line], fields: ['sysctl', namespace, key, value] };
}

/** Before links exist: so that each new device takes the defaults. */
export const firstSysctls = (spec: WorldSpec): LinesCommand[] =>
  spec.namespaces.flatMap((ns) => [
    ...BASE_SYSCTLS.map(([key, value]) => sysctlCommand(ns.name, `${key} = ${value}`)),
    ...ns.sysctls.map((line) => sysctlCommand(ns.name, line)),
  ]);

/** One namespace after the other: a link may reach into one that comes later. */
export const linkStages = (spec: WorldSpec, pathOf: PathOf): LinesCommand[][] =>
  spec.namespaces.map((ns) => tool(ns, 'ip', ns.links, pathOf)).filter((stage) => stage.length > 0);

export const deviceSysctls = (spec: WorldSpec): LinesCommand[] =>
  spec.namespaces.flatMap((ns) => ns.deviceSysctls.map((line) => sysctlCommand(ns.name, line)));

/** Side by side in all namespaces, one after the other within each. */
export function fillingStage(spec: WorldSpec, pathOf: PathOf): LinesCommand[] {
  const tunnels = spec.namespaces.some(hasTunnels);
  return spec.namespaces.flatMap((ns) => [
    ...tool(ns, 'ip', ns.ip, pathOf),
    ...tool(ns, 'ip -6', ns.ip6, pathOf),
    ...tool(ns, 'ipset', ns.ipset, pathOf),
    ...tool(ns, 'nft', ns.nftFirst, pathOf),
    ...tool(ns, 'iptables-legacy-restore', ns.iptablesLegacy, pathOf),
    ...tool(ns, 'ip6tables-legacy-restore', ns.ip6tablesLegacy, pathOf),
    ...tool(ns, 'iptables-nft-restore', ns.iptablesNft, pathOf),
    ...tool(ns, 'ip6tables-nft-restore', ns.ip6tablesNft, pathOf),
    ...tool(ns, 'nft', [...ns.nft, ...(hasRules(ns) ? traceLines([...ns.nftFirst, ...ns.nft], tunnels) : [])], pathOf),
  ]);
}

/**
 * The first packet that asks for an address which a set has without a MAC gives it its own, and it keeps that (bitmap_ipmac_kadt):
 * so that packets do not meet what those before them left, the set is filled anew.
 */
export const refillStage = (spec: WorldSpec, pathOf: PathOf): LinesCommand[] =>
  spec.namespaces.flatMap((ns) => {
    const names = ns.ipset.flatMap((line) => /^create (\S+) bitmap:ip,mac\b/.exec(line)?.[1] ?? []);
    return tool(
      ns,
      'ipset',
      names.flatMap((name) => [`flush ${name}`, ...ns.ipset.filter((line) => line.startsWith(`add ${name} `))]),
      pathOf,
    );
  });

/** Once ports have their carriers: the kernel refuses the state of a port that has none. */
export const bridgeStage = (spec: WorldSpec, pathOf: PathOf): LinesCommand[] =>
  spec.namespaces.flatMap((ns) => tool(ns, 'bridge', ns.bridge, pathOf));

/** When sockets are open: a device that goes down takes its IPv6 addresses with it, which nothing could be bound to any more. */
export const lateStage = (spec: WorldSpec, pathOf: PathOf): LinesCommand[] =>
  spec.namespaces.flatMap((ns) => tool(ns, 'ip', ns.late, pathOf));

export const hasNftRules = (ns: NamespaceSpec): boolean =>
  ns.iptablesNft.length + ns.ip6tablesNft.length + ns.nftFirst.length + ns.nft.length > 0;

const hasLegacyRules = (ns: NamespaceSpec): boolean => ns.iptablesLegacy.length + ns.ip6tablesLegacy.length > 0;

export const hasRules = (ns: NamespaceSpec): boolean => hasNftRules(ns) || hasLegacyRules(ns);

export const sockets = (spec: WorldSpec): LinesCommand[] =>
  spec.namespaces.flatMap((ns) =>
    ns.sockets.map((socket) => ({
      namespace: ns.name,
      tool: 'socket',
      lines: [JSON.stringify(socket)],
      fields: socketFields(ns.name, socket),
    })),
  );

function socketFields(namespace: string, socket: SocketSpec): readonly (string | number)[] {
  const { protocol, family, address, port, v6only, device, reuseport, transparent, remote } = socket;
  return [
    'socket',
    namespace,
    protocol,
    family,
    address,
    port,
    v6only === undefined ? '-' : Number(v6only),
    device ?? '-',
    Number(reuseport ?? false),
    Number(transparent ?? false),
    remote?.address ?? '-',
    remote?.port ?? '-',
  ];
}

const hasTunnels = ({ links, ip, late }: NamespaceSpec): boolean =>
  [links, ip, late].some((lines) => lines.some((line) => /\btype vxlan\b/.test(line)));
