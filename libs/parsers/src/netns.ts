/** The sections of one namespace to its state: each part known, or unknown with the reason and the line. */
import type { Known, Link, MissingSection, NetnsState, Result, SectionKind, SectionRef } from '@netverdict/linux-net';
import { type DeviceLookup, deviceLookup, resolveFdb, resolveNeighbours, resolveRoutes } from './ip/devices.ts';
import type { ParseProblem } from './problem.ts';
import { parseSection, type SectionValues } from './section.ts';

export type NetnsSection = { readonly ref: SectionRef; readonly text: string } | MissingSection;

/** Where a caller keeps parsed sections by their digest, it gives its own; the default parses each time. */
export type SectionParser = <K extends SectionKind>(
  kind: K,
  section: { readonly ref: SectionRef; readonly text: string },
) => Result<SectionValues[K], ParseProblem>;

const parseText: SectionParser = (kind, section) => parseSection(kind, section.text);

/** Of two sections of one kind the last counts: it was read again later. */
export function parseNetns(sections: readonly NetnsSection[], parse: SectionParser = parseText): NetnsState {
  const part = <K extends SectionKind>(kind: K): Known<SectionValues[K]> => {
    const section = sections.findLast((s) => ('ref' in s ? s.ref.kind : s.kind) === kind);
    if (!section) return { known: false, kind, reason: 'not collected', line: null };
    if (!('ref' in section)) return { known: false, kind, reason: section.missing, line: null };
    const parsed = parse(kind, section);
    if (parsed.ok) return { known: true, value: parsed.value, section: section.ref };
    return { known: false, kind, reason: parsed.error.message, line: parsed.error.line };
  };
  const links = part('ip-link');
  const withDevices = <T, R>(named: Known<T>, resolve: (value: T, index: DeviceLookup) => R): Known<R> =>
    resolveWith(named, links, resolve);
  return {
    links,
    addresses: part('ip-address'),
    routes4: withDevices(part('ip-route'), resolveRoutes),
    routes6: withDevices(part('ip-route6'), resolveRoutes),
    rules4: part('ip-rule'),
    rules6: part('ip-rule6'),
    neighbours: withDevices(part('ip-neigh'), resolveNeighbours),
    fdb: withDevices(part('bridge-fdb'), resolveFdb),
    netnsIds: part('netns-ids'),
    iptablesLegacy: part('iptables-save'),
    iptablesNft: part('iptables-nft-save'),
    ip6tablesLegacy: part('ip6tables-save'),
    ip6tablesNft: part('ip6tables-nft-save'),
    nftables: part('nftables'),
    netfilterHooks: part('netfilter-hooks'),
    ipsets: part('ipset-save'),
    sockets: part('sockets'),
    sysctls: part('sysctl'),
    conntrack: part('conntrack'),
    conntrackTable: part('conntrack-table'),
    programs: part('attached-programs'),
  };
}

/** Without the links a device's name means nothing: what names devices is then unknown for the links' reason. */
function resolveWith<T, R>(
  named: Known<T>,
  links: Known<readonly Link[]>,
  resolve: (value: T, index: DeviceLookup) => R,
): Known<R> {
  if (!named.known) return named;
  if (!links.known) return { ...links, reason: `the links are unknown: ${links.reason}` };
  return { known: true, value: resolve(named.value, deviceLookup(links.value)), section: named.section };
}
