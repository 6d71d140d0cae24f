/**
 * A section is what one of the kernel's tools printed about one namespace: raw text, addressed by its digest.
 * The digest is over the canonical text: without counters, timers and ages (canonical-text.ts).
 */

/** What each kind's text looks like, and where it comes from. */
export const SECTION_KINDS = {
  'ip-link': '`ip -j -d link show` (one JSON array)',
  'ip-address': '`ip -j address show` (one JSON array)',
  'ip-route': '`ip -j -d -4 route show table all` (one JSON array)',
  'ip-route6': '`ip -j -d -6 route show table all` (one JSON array)',
  'ip-rule': '`ip -j -d -4 rule show` (one JSON array)',
  'ip-rule6': '`ip -j -d -6 rule show` (one JSON array)',
  'ip-neigh': '`ip -j -d neigh show nud all`, both families and proxies (one JSON array)',
  'bridge-fdb': '`bridge -j -d fdb show` (one JSON array)',
  'netns-ids': 'JSON array of {"nsid": number, "inode": number} for the namespaces that the agent knows',
  'iptables-save': '`iptables-legacy-save`, empty when no legacy table exists',
  'iptables-nft-save': '`iptables-nft-save`, empty when no such table exists',
  'ip6tables-save': '`ip6tables-legacy-save`, empty when no legacy table exists',
  'ip6tables-nft-save': '`ip6tables-nft-save`, empty when no such table exists',
  'ipset-save': '`ipset save`',
  nftables: 'the ruleset as the kernel holds it, without the tables that iptables-nft owns: one JSON object a line',
  'netfilter-hooks':
    'what is hooked in, in the order in which it is asked: JSON array of {"family", "hook", "priority", "function", "chain"}; null where the kernel does not list it',
  sockets: "/proc/net/{tcp,tcp6,udp,udp6} listeners and UDP sockets: `# tcp` headings, then the kernel's lines",
  sysctl: '`path = value` lines, sorted by path, path as below /proc/sys/ with slashes',
  conntrack: '/proc/net/nf_conntrack-style lines (`conntrack -L -o extended`) of the flow asked about',
  'conntrack-table': '`count = n` and `max = n` lines',
  'attached-programs': 'JSON array of {"dev", "hook", "name"}: tc filters, XDP and cgroup programs by name',
} as const;

export type SectionKind = keyof typeof SECTION_KINDS;
export const sectionKinds = Object.keys(SECTION_KINDS) as readonly SectionKind[];

/** `sha256:` and 64 hex digits. */
export type Digest = string;

export interface SectionRef {
  readonly kind: SectionKind;
  readonly digest: Digest;
  /** RFC 3339, the agent's clock. */
  readonly at: string;
  readonly bytes: number;
}

/** A section that is not there, and why: permission, tool missing, deadline, parser… */
export interface MissingSection {
  readonly kind: SectionKind;
  readonly missing: string;
}

export type SectionEntry = SectionRef | MissingSection;
