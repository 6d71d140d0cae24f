/**
 * Which of the kernel's counters of a network namespace are told, under the kernel's own names: `TcpExt.ListenOverflows` of
 * /proc/net/netstat is `netverdict_tcp_ext_listen_overflows_total`. The others would double what there is for no question anyone asks.
 */
const counters = (group: string, names: string): string[] => names.split(/\s+/).map((name) => `${group}.${name}`);
/** IPv6 has no groups: its names begin with them. */
const flat = (names: string): string[] => names.split(/\s+/);

export const COUNTERS: readonly string[] = [
  ...counters(
    'Ip',
    `InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos InDiscards InDelivers OutRequests OutDiscards OutNoRoutes
     ReasmTimeout ReasmReqds ReasmOKs ReasmFails FragOKs FragFails FragCreates`,
  ),
  ...counters('IpExt', 'InNoRoutes InTruncatedPkts InOctets OutOctets InCsumErrors ReasmOverlaps'),
  ...counters(
    'Icmp',
    'InMsgs InErrors InCsumErrors InDestUnreachs InTimeExcds OutMsgs OutErrors OutDestUnreachs OutTimeExcds',
  ),
  ...counters(
    'Tcp',
    'ActiveOpens PassiveOpens AttemptFails EstabResets InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors',
  ),
  ...counters('Udp', 'InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors'),
  ...counters(
    'TcpExt',
    `SyncookiesSent SyncookiesRecv SyncookiesFailed EmbryonicRsts PruneCalled RcvPruned OfoPruned OutOfWindowIcmps LockDroppedIcmps TW
     PAWSActive PAWSEstab DelayedACKs DelayedACKLost ListenOverflows ListenDrops TCPLossUndo TCPSackRecovery TCPSACKReneging
     TCPLostRetransmit TCPFastRetrans TCPSlowStartRetrans TCPTimeouts TCPLossProbes TCPSpuriousRTOs TCPSynRetrans TCPRetransFail
     TCPBacklogDrop TCPRcvQDrop TCPRcvCollapsed TCPOFOQueue TCPOFODrop TCPAbortOnData TCPAbortOnClose TCPAbortOnMemory
     TCPAbortOnTimeout TCPAbortOnLinger TCPAbortFailed TCPMemoryPressures TCPMemoryPressuresChrono PFMemallocDrop TCPReqQFullDrop
     TCPReqQFullDoCookies TCPMinTTLDrop TCPDeferAcceptDrop IPReversePathFilter TCPTimeWaitOverflow TCPChallengeACK TCPSYNChallenge
     TCPACKSkippedSynRecv TCPACKSkippedPAWS TCPACKSkippedSeq TCPACKSkippedFinWait2 TCPACKSkippedTimeWait TCPACKSkippedChallenge
     TCPZeroWindowDrop TCPFromZeroWindowAdv TCPToZeroWindowAdv TCPWantZeroWindowAdv TCPWqueueTooBig TCPMTUPFail TCPMTUPSuccess
     TCPKeepAlive TcpTimeoutRehash`,
  ),
  ...flat(
    `Ip6InReceives Ip6InHdrErrors Ip6InTooBigErrors Ip6InNoRoutes Ip6InAddrErrors Ip6InTruncatedPkts Ip6InDiscards Ip6OutForwDatagrams
     Ip6OutDiscards Ip6OutNoRoutes Ip6ReasmFails Ip6FragFails Icmp6InMsgs Icmp6InErrors Icmp6OutMsgs Icmp6OutErrors Udp6InDatagrams
     Udp6NoPorts Udp6InErrors Udp6OutDatagrams Udp6RcvbufErrors Udp6SndbufErrors Udp6InCsumErrors`,
  ),
  ...counters('conntrack', 'found invalid insert_failed drop early_drop search_restart clashres icmp_error'),
];

/** What goes up and down. */
export const GAUGES: readonly string[] = [
  'Tcp.CurrEstab',
  'conntrack.entries',
  'conntrack.limit',
  ...counters('sockets', 'used'),
  ...counters('TCP', 'inuse orphan tw alloc mem'),
  ...counters('TCP6', 'inuse'),
  ...counters('UDP', 'inuse mem'),
  ...counters('UDP6', 'inuse'),
  ...counters('RAW', 'inuse'),
  ...counters('FRAG', 'inuse memory'),
];

/** `TcpExt.TCPFastRetrans` → `tcp_ext_tcp_fast_retrans`; gauges of /proc/net/sockstat begin with `sockstat`. */
export function metricName(key: string, kind: 'counter' | 'gauge'): string {
  const words = key
    .replace(/^(sockets|TCP6?|UDP6?|RAW|FRAG)\./, 'sockstat_$1_')
    .replace('.', '_')
    .replace(/([A-Z])([A-Z]+)s(?=[A-Z_]|$)/g, (_, first: string, rest: string) => `${first}${rest.toLowerCase()}s`)
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
    .replace(/_+/g, '_');
  return `netverdict_${words}${kind === 'counter' ? '_total' : ''}`;
}
