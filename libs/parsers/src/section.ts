/** The parser of every kind of section. To forget one does not compile. */
import type {
  AttachedProgram,
  ConntrackEntry,
  ConntrackTable,
  InterfaceAddress,
  IpSet,
  Link,
  NetfilterHook,
  NetnsId,
  NftRuleset,
  Result,
  Rule,
  SectionKind,
  Socket,
  XtRuleset,
} from '@netverdict/linux-net';
import { parseIpAddress } from './ip/address.ts';
import { parseAttachedPrograms } from './ip/attached-programs.ts';
import type { NamedFdbEntry, NamedNeighbour, NamedRoute } from './ip/devices.ts';
import { parseBridgeFdb } from './ip/fdb.ts';
import { parseIpLink } from './ip/link.ts';
import { parseIpNeigh } from './ip/neigh.ts';
import { parseNetnsIds } from './ip/netns-ids.ts';
import { parseIpRoute } from './ip/route.ts';
import { parseIpRule } from './ip/rule.ts';
import { parseIpsetSave } from './ipset/save.ts';
import { parseNetfilterHooks } from './nft/hooks.ts';
import { parseNftables } from './nft/nftables.ts';
import type { ParseProblem } from './problem.ts';
import { parseConntrack, parseConntrackTable } from './proc/conntrack.ts';
import { parseSockets } from './proc/sockets.ts';
import { parseSysctl } from './proc/sysctl.ts';
import { parseIptablesSave } from './xtables/save.ts';

/** What each section's text becomes. Devices are names where the tool prints names; `parseNetns` resolves them. */
export interface SectionValues {
  'ip-link': readonly Link[];
  'ip-address': readonly InterfaceAddress[];
  'ip-route': readonly NamedRoute[];
  'ip-route6': readonly NamedRoute[];
  'ip-rule': readonly Rule[];
  'ip-rule6': readonly Rule[];
  'ip-neigh': readonly NamedNeighbour[];
  'bridge-fdb': readonly NamedFdbEntry[];
  'netns-ids': readonly NetnsId[];
  'iptables-save': XtRuleset;
  'iptables-nft-save': XtRuleset;
  'ip6tables-save': XtRuleset;
  'ip6tables-nft-save': XtRuleset;
  'ipset-save': readonly IpSet[];
  nftables: NftRuleset;
  'netfilter-hooks': readonly NetfilterHook[] | null;
  sockets: readonly Socket[];
  sysctl: ReadonlyMap<string, string>;
  conntrack: readonly ConntrackEntry[];
  'conntrack-table': ConntrackTable;
  'attached-programs': readonly AttachedProgram[];
}

const PARSERS: { readonly [K in SectionKind]: (text: string) => Result<SectionValues[K], ParseProblem> } = {
  'ip-link': parseIpLink,
  'ip-address': parseIpAddress,
  'ip-route': (text) => parseIpRoute(text, 'ipv4'),
  'ip-route6': (text) => parseIpRoute(text, 'ipv6'),
  'ip-rule': (text) => parseIpRule(text, 'ipv4'),
  'ip-rule6': (text) => parseIpRule(text, 'ipv6'),
  'ip-neigh': parseIpNeigh,
  'bridge-fdb': parseBridgeFdb,
  'netns-ids': parseNetnsIds,
  'iptables-save': (text) => parseIptablesSave(text, 'legacy', 'ipv4'),
  'iptables-nft-save': (text) => parseIptablesSave(text, 'nft', 'ipv4'),
  'ip6tables-save': (text) => parseIptablesSave(text, 'legacy', 'ipv6'),
  'ip6tables-nft-save': (text) => parseIptablesSave(text, 'nft', 'ipv6'),
  'ipset-save': parseIpsetSave,
  nftables: parseNftables,
  'netfilter-hooks': parseNetfilterHooks,
  sockets: parseSockets,
  sysctl: parseSysctl,
  conntrack: parseConntrack,
  'conntrack-table': parseConntrackTable,
  'attached-programs': parseAttachedPrograms,
};

/** Never throws for any text, however broken. */
export const parseSection = <K extends SectionKind>(kind: K, text: string): Result<SectionValues[K], ParseProblem> =>
  PARSERS[kind](text);
