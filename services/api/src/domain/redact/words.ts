/**
 * Words that name nobody: the kernel's, Kubernetes' and our own. In an answer to who may not see every namespace, a word that is neither
 * one of these nor known to be in sight is left out: what is forgotten here hides too much, never too little.
 */
import { DISPOSITIONS, FINDING_CODES } from '@netverdict/verdict';

const NETFILTER = `INPUT FORWARD OUTPUT PREROUTING POSTROUTING ACCEPT DROP REJECT RETURN DNAT SNAT MASQUERADE MARK CONNMARK NOTRACK NFLOG LOG
NEW ESTABLISHED RELATED INVALID UNTRACKED ingress egress filter nat mangle raw security policy iptables iptables-nft iptables-legacy nft ip6tables ip6tables-nft
iptables-save iptables-nft-save iptables-legacy-save ip6tables-save ip6tables-nft-save nft-list-ruleset ipset ipset-save table chain rule hook
KUBE-SERVICES KUBE-EXTERNAL-SERVICES KUBE-NODEPORTS KUBE-POSTROUTING KUBE-MARK-MASQ KUBE-MARK-DROP KUBE-FORWARD KUBE-FIREWALL KUBE-PROXY-FIREWALL
KUBE-PROXY-CANARY KUBE-KUBELET-CANARY KUBE-ROUTER-INPUT KUBE-ROUTER-FORWARD KUBE-ROUTER-OUTPUT KUBE-NWPLCY-DEFAULT KUBE-NWPLCY-COMMON FLANNEL-FWD FLANNEL-POSTRTG
CNI-FORWARD CNI-ADMIN CNI-HOSTPORT-DNAT CNI-HOSTPORT-SETMARK CNI-HOSTPORT-MASQ cali-FORWARD cali-INPUT cali-OUTPUT cali-PREROUTING cali-POSTROUTING
cali-from-wl-dispatch cali-to-wl-dispatch cali-from-host-endpoint cali-to-host-endpoint CILIUM_FORWARD CILIUM_INPUT CILIUM_OUTPUT
-A -s -d -p -m -j -g -i -o ! tcp udp icmp icmpv6 sctp all mark comment conntrack addrtype statistic physdev multiport set limit owner
--dport --sport --dports --sports --ctstate --ctdir --mark --set-xmark --set-mark --comment --to-destination --to-source --to-ports --random --random-fully --mode --probability
--every --packet --reject-with --match-set --src-type --dst-type --limit-iface-in --icmp-type --tcp-flags --limit --limit-burst --persistent src dst LOCAL UNICAST SYN RST ACK FIN
icmp-port-unreachable icmp-host-unreachable icmp-net-unreachable icmp-admin-prohibited tcp-reset icmp6-port-unreachable icmp6-adm-prohibited accept drop reject return jump goto
ip ip6 inet saddr daddr iifname oifname counter packets bytes masquerade dnat snat ct state new established related invalid with type`;

const ROUTES = `unicast local broadcast multicast blackhole unreachable prohibit throw default main boot kernel static dhcp ra link host global nowhere onlink linkdown dead gateway dev via
table protocol scope prefsrc flags metric family iif oif priority fwmark lookup suppress_prefixlength ifname ifindex mtu master vxlan veth bridge dummy ipip wireguard PERMANENT REACHABLE STALE DELAY PROBE FAILED
INCOMPLETE NOARP permanent self extern_learn offload lladdr mac no entry for up down UP DOWN UNKNOWN LOWER_UP carrier ip-route ip-neigh ip-rule ip-link ip-address bridge-fdb bridge-link
sockets sysctl sysctls conntrack service services networkpolicy listen listening LISTEN established ESTAB unconn deleted`;

const STEPS = `sends answers route rule neighbour out by in towards over the network to node not known yet with behind is flooded at from up bridged host host's own this taken socket answer back
tells sender leaves cluster connection connections translation applies becomes destination source confirms kernel echo request outside nodes as answering nobody of several next hops takes depends on
hash addresses which device joins other end section that was read evaluated modelled here so asked before port VXLAN off udp tcp icmp vni policy program and where whether what who an a it its none
collecting resolving simulating accepted completed failed reading read answered waiting again round probing pod pods Pod Service service services workload address rules backend endpoint endpoints nexthop unknown one direct
connect connected refused silent timeout reachable unreachable partially-reachable undetermined redacted there no longer exists named namespace namespaces There The has phase was Did you mean
NAT DNAT SNAT SYN MTU TTL IP IPv4 IPv6 ipv4 ipv6 DNS ICMP external forward reply sent received dropped asked packet probe packets both null host other wire deployment daemonset statefulset replicaset job cronjob
NETFILTER_DROP flannel calico cilium true false`;

/** What eventproc says of an incident, and a probe of what it saw. */
const SENTENCES = `It could not be diagnosed state now explains no more: connection works What failed over or configuration shows No packet known both ends so there ask about
On way back many peers Packets Some bytes smaller ones do those up does reaches reach there fail new can't told Undetermined whether can get gets out but answered when connects
connect rtt retransmissions queue driver softirq answer dns process reader nothing loss`;

/** Of remedies. */
const REMEDIES = `A Adds Answers By CNI Calico Checks Compare DNAT Deletes Deleting Expose Flannel Give Gives Has Have Ingress Keep Let Lets Load LoadBalancer Look Makes Mend Names No Node NodePort
Nothing On Packets Pods Points Puts Restart See Send Somebody Start Switches Takes That The Two UDP TCP Use Usually Which Who Whoever Without Writes a about accept accepting accepts add address addresses again
all alone already an and anew answer answers any are argument as ask asks at away back balancers ban be before behind being between beyond bigger both bound broken buffer but by bytes cable came can cannot
chain changed changes check checksums cluster come compare configuration configures connect connected connection connections correct could counts decides default deletes destination device differ direct
discovery do does done drops each else elsewhere end entry every everything examined find first follow for forward forwarding free from gave gets give goes had hardware has have hears here holds hop host hosts in
instead into ip iptables is isolated it its itself keep keeps know larger lead leads learns leave let lets lies link list listens look loose loosely made makes many may meant met missing more must narrower need
needs neighbour net network no node nodes none not now number of off on once one ones only open opens option or other others ought out outside over own packet packets pass path peer perhaps pod pods point
port ports program purpose put question queue rather reaches read ready recreating refusing replaced restart return right route routes routing rule rules run runs same says second see seen send sends sent set
sets setting shared show since single so socket some source starts stays still such sure table tables take takes text that the their them then there they this threads through times to told too towards traffic
translated translation tunnel twice type until up used usually valid wants was way ways went were what when where whether which while who whole why with without would write writes wrong wrote
-t -D -I -N -w -F del replace change append insert delete handle fdb neigh`;

const wordsOf = (text: string): string[] => text.split(/[\s,;.:()"{}]+/).filter((word) => word !== '');

export const VOCABULARY: ReadonlySet<string> = new Set([
  ...[NETFILTER, ROUTES, STEPS, SENTENCES, REMEDIES].flatMap(wordsOf),
  ...Object.keys(FINDING_CODES),
  ...Object.keys(DISPOSITIONS),
  ...Object.values(FINDING_CODES).flatMap(({ text, title }) =>
    wordsOf(`${text.en.replaceAll(/\{\w+\}/g, ' ')} ${title.en}`),
  ),
]);

/** Comments that Kubernetes' own programs write at rules which are nobody's. */
export const COMMENTS: ReadonlySet<string> = new Set([
  'kubernetes service portals',
  'kubernetes externally-visible service portals',
  'kubernetes service nodeports; NOTE: this must be the last rule in this chain',
  'kubernetes load balancer firewall',
  'kubernetes forwarding rules',
  'kubernetes forwarding conntrack rule',
  'kubernetes forwarding conntrack pod source rule',
  'kubernetes forwarding conntrack pod destination rule',
  'kubernetes postrouting rules',
  'kubernetes service traffic requiring SNAT',
  'kubernetes firewall for dropping marked packets',
  'kubernetes health check service ports',
  'block incoming localnet connections',
  'flanneld forward',
  'flanneld masq',
  'CNI firewall plugin rules',
  'CNI portfwd requiring masquerade',
]);

/** Devices that a host has for all its pods. The host's end of a pod's pair has a name of that pod. */
export const SHARED_DEVICE =
  /^(lo|eth\d{1,3}|en[a-z]{1,3}\d[a-z0-9]{0,12}|bond\d{1,2}|br0|docker0|cni0|kube-bridge|kube-ipvs0|nodelocaldns|tunl0|ip6tnl0|wg0|flannel(-v6)?\.\d+|vxlan(-v6)?\.calico|cilium_(host|net|vxlan))$/;
