/** Every target module that is modelled, by the name after `-j`, and the printer of every kind of target. */
import type { Family, XtTarget } from '@netverdict/linux-net';
import type { Module } from '../module.ts';
import * as ct from './ct.ts';
import * as handOver from './hand-over.ts';
import * as mark from './mark.ts';
import * as masquerade from './masquerade.ts';
import * as nat from './nat.ts';
import * as netmap from './netmap.ts';
import * as observe from './observe.ts';
import type { TargetPrinters } from './printers.ts';
import * as reject from './reject.ts';
import * as set from './set.ts';
import * as tcpmss from './tcpmss.ts';
import * as tos from './tos.ts';
import * as tproxy from './tproxy.ts';
import * as ttl from './ttl.ts';
import * as verdicts from './verdicts.ts';

export type TargetModule = Module<XtTarget>;

export const TARGET_MODULES: ReadonlyMap<string, TargetModule> = new Map([
  ['REJECT', reject.reject],
  ['MARK', mark.mark],
  ['CONNMARK', mark.connmark],
  ['DNAT', nat.dnat],
  ['SNAT', nat.snat],
  ['MASQUERADE', masquerade.masquerade],
  ['REDIRECT', masquerade.redirect],
  ['NETMAP', netmap.netmap],
  ['NOTRACK', ct.notrack],
  ['CT', ct.ct],
  ['TPROXY', tproxy.tproxy],
  ['TCPMSS', tcpmss.tcpmss],
  ['TOS', tos.tos],
  ['DSCP', tos.dscp],
  ['TTL', ttl.ttl],
  ['HL', ttl.hl],
  ['NFQUEUE', handOver.nfqueue],
  ['TEE', handOver.tee],
  ['SYNPROXY', handOver.synproxy],
  ['HMARK', handOver.hmark],
  ['SET', set.set],
  ...observe.observeNames.map((name) => [name, observe.observe(name)] as const),
]);

/**
 * Targets that exist and are not modelled (iptables-extensions(8), xtables-addons(8)). What is neither of these
 * nor a chain is a jump to nowhere, which iptables-restore refuses.
 */
export const UNMODELLED_TARGETS: ReadonlySet<string> = new Set(
  (
    'QUEUE CLUSTERIP DNPT SNPT MIRROR SAME FLOWOFFLOAD FULLCONENAT NAT ' +
    // What the agent writes for a rule of nft that iptables has no words for.
    'NFT-UNREAD ' +
    'ACCOUNT CHAOS DELUDE DHCPMAC DNETMAP ECHO IPMARK LOGMARK PROTO RAWDNAT RAWSNAT STEAL SYSRQ TARPIT XOR'
  ).split(' '),
);

const PRINTERS: TargetPrinters = {
  ...verdicts.print,
  ...reject.print,
  ...mark.print,
  ...nat.print,
  ...masquerade.print,
  ...netmap.print,
  ...ct.print,
  ...tproxy.print,
  ...tcpmss.print,
  ...tos.print,
  ...ttl.print,
  ...handOver.print,
  ...set.print,
  ...observe.print,
  unsupported: (t) => t.text,
};

export function printTarget(target: XtTarget, family: Family): string {
  const print = PRINTERS[target.kind] as (target: XtTarget, family: Family) => string;
  return print(target, family);
}
