/** Every match module that is modelled, by the name after `-m`, and the printer of every kind of match. */
import type { XtMatch } from '@netverdict/linux-net';
import type { Module } from '../module.ts';
import * as accounts from './accounts.ts';
import * as addrtype from './addrtype.ts';
import * as byText from './by-text.ts';
import * as conntrack from './conntrack.ts';
import { dccp } from './dccp.ts';
import * as dscp from './dscp.ts';
import * as ecn from './ecn.ts';
import * as host from './host.ts';
import * as icmp from './icmp.ts';
import * as ip from './ip.ts';
import * as iprange from './iprange.ts';
import * as ipv6header from './ipv6header.ts';
import * as length from './length.ts';
import * as limit from './limit.ts';
import * as mac from './mac.ts';
import * as mark from './mark.ts';
import * as multiport from './multiport.ts';
import * as nfacct from './nfacct.ts';
import * as owner from './owner.ts';
import * as physdev from './physdev.ts';
import * as pkttype from './pkttype.ts';
import * as ports from './ports.ts';
import type { MatchPrinters, PrintContext } from './printers.ts';
import * as recent from './recent.ts';
import * as rpfilter from './rpfilter.ts';
import * as sctp from './sctp.ts';
import * as set from './set.ts';
import * as socket from './socket.ts';
import * as statistic from './statistic.ts';
import * as tcp from './tcp.ts';
import * as tcpmss from './tcpmss.ts';
import * as tos from './tos.ts';
import * as ttl from './ttl.ts';
import * as u32 from './u32.ts';
import { udp } from './udp.ts';

export type MatchModule = Module<readonly XtMatch[]>;

export const MATCH_MODULES: ReadonlyMap<string, MatchModule> = new Map([
  ['tcp', tcp.tcp],
  ['udp', udp],
  ['udplite', udp],
  ['sctp', sctp.sctp],
  ['dccp', dccp],
  ['icmp', icmp.icmp],
  ['icmp6', icmp.icmp6],
  ['icmpv6', icmp.icmp6],
  ['multiport', multiport.multiport],
  ['mark', mark.mark],
  ['connmark', mark.connmark],
  ['conntrack', conntrack.conntrack],
  ['state', conntrack.state],
  ['addrtype', addrtype.addrtype],
  ['statistic', statistic.statistic],
  ['recent', recent.recent],
  ['physdev', physdev.physdev],
  ['limit', limit.limit],
  ['set', set.set],
  ['length', length.length],
  ['ttl', ttl.ttl],
  ['hl', ttl.hl],
  ['tos', tos.tos],
  ['dscp', dscp.dscp],
  ['iprange', iprange.iprange],
  ['mac', mac.mac],
  ['pkttype', pkttype.pkttype],
  ['rpfilter', rpfilter.rpfilter],
  ['socket', socket.socket],
  ['owner', owner.owner],
  ['nfacct', nfacct.nfacct],
  ['tcpmss', tcpmss.tcpmss],
  ['ecn', ecn.ecn],
  ['u32', u32.u32],
  ['ipv6header', ipv6header.ipv6header],
  ['eui64', ipv6header.eui64],
  ['devgroup', host.devgroup],
  ['realm', host.realm],
  ['policy', host.policy],
  ['cgroup', host.cgroup],
  ['cpu', host.cpu],
  ['cluster', host.cluster],
  ['connbytes', accounts.connbytes],
  ['connlabel', accounts.connlabel],
  ['connlimit', accounts.connlimit],
  ['helper', accounts.helper],
  ...byText.textModules,
]);

/** `-p tcp --dport 80` loads the protocol's module by itself (load_proto in iptables/xshared.c). */
export const PROTOCOL_MODULES: Readonly<Record<number, string>> = {
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  33: 'dccp',
  50: 'esp',
  51: 'ah',
  58: 'icmp6',
  132: 'sctp',
  135: 'mh',
  136: 'udplite',
};

const PRINTERS: MatchPrinters = {
  ...ip.print,
  ...ports.print,
  ...tcp.print,
  ...icmp.print,
  ...multiport.print,
  ...mark.print,
  ...conntrack.print,
  ...addrtype.print,
  ...statistic.print,
  ...recent.print,
  ...physdev.print,
  ...limit.print,
  ...set.print,
  ...length.print,
  ...ttl.print,
  ...tos.print,
  ...dscp.print,
  ...iprange.print,
  ...mac.print,
  ...pkttype.print,
  ...rpfilter.print,
  ...socket.print,
  ...owner.print,
  ...nfacct.print,
  ...tcpmss.print,
  ...ecn.print,
  ...u32.print,
  ...sctp.print,
  ...ipv6header.print,
  ...host.print,
  ...accounts.print,
  ...byText.print,
  unsupported: (m) => m.text,
};

export function printMatch(match: XtMatch, context: PrintContext): string {
  // The table is typed by kind; indexing it with a union loses which member goes with which printer.
  const print = PRINTERS[match.kind] as (match: XtMatch, context: PrintContext) => string;
  return print(match, context);
}
