/** One row and more for every kind of match and target: to forget a kind does not compile. Used by several tests. */
import { type IpAddress, ip, prefix, type XtMatch, type XtTarget } from '@netverdict/linux-net';
import { maskOfLength } from '../xtables/values.ts';

export interface Row<T> {
  /** What stands in the rule. */
  readonly text: string;
  readonly is: T;
  /** A rule of ip6tables. */
  readonly v6?: true;
  /** Besides what the row asks, the rule needs this to be accepted (`-p tcp` for ports). */
  readonly needs?: string;
  /** The table in which iptables takes it; filter where it does not matter. */
  readonly table?: 'nat' | 'mangle' | 'raw' | 'security';
  /** A typed form that the kernel prints otherwise, or that this kernel lacks the module for. */
  readonly notSaved?: true;
}
type Member<U extends { kind: string }, K extends U['kind']> = Extract<U, { kind: K }>;
type Rows<U extends { kind: string }> = { readonly [K in U['kind']]: readonly Row<Member<U, K>>[] };

const masked = (text: string): { address: IpAddress; mask: IpAddress } => {
  const p = prefix(text);
  return { address: p.address, mask: maskOfLength(p.family, p.length) };
};
const negate = false;
const port = (n: number) => ({ from: n, to: n });

export const MATCH_ROWS: Rows<XtMatch> = {
  source: [
    { text: '-s 10.244.0.0/16', is: { kind: 'source', value: masked('10.244.0.0/16'), negate } },
    { text: '! -s 10.0.0.1', is: { kind: 'source', value: masked('10.0.0.1/32'), negate: true } },
    { text: '-s ! 10.0.0.1', is: { kind: 'source', value: masked('10.0.0.1/32'), negate: true }, notSaved: true },
    {
      text: '-s 10.0.0.1/255.0.0.255',
      is: { kind: 'source', value: { address: ip('10.0.0.1'), mask: ip('255.0.0.255') }, negate },
    },
    { text: '-s fd00::/64', is: { kind: 'source', value: masked('fd00::/64'), negate }, v6: true },
  ],
  destination: [{ text: '-d 10.96.0.80/32', is: { kind: 'destination', value: masked('10.96.0.80/32'), negate } }],
  'in-interface': [
    { text: '-i eth0', is: { kind: 'in-interface', name: 'eth0', wildcard: false, negate } },
    { text: '! -i cali+', is: { kind: 'in-interface', name: 'cali', wildcard: true, negate: true } },
  ],
  'out-interface': [
    { text: '-o lo', is: { kind: 'out-interface', name: 'lo', wildcard: false, negate }, table: 'nat' },
  ],
  protocol: [
    { text: '-p tcp', is: { kind: 'protocol', number: 6, negate } },
    { text: '! -p 112', is: { kind: 'protocol', number: 112, negate: true } },
  ],
  fragment: [{ text: '-f', is: { kind: 'fragment', negate } }],
  sport: [
    {
      text: '-m tcp --sport 1024:65535',
      is: { kind: 'sport', range: { from: 1024, to: 65535 }, negate },
      needs: '-p tcp',
    },
    { text: '-m udp ! --sport 53', is: { kind: 'sport', range: port(53), negate: true }, needs: '-p udp' },
  ],
  dport: [
    { text: '-m tcp --dport 80', is: { kind: 'dport', range: port(80), negate }, needs: '-p tcp' },
    { text: '--dport 80', is: { kind: 'dport', range: port(80), negate }, needs: '-p tcp', notSaved: true },
    {
      text: '-m tcp --dport ! :1023',
      is: { kind: 'dport', range: { from: 0, to: 1023 }, negate: true },
      needs: '-p tcp',
      notSaved: true,
    },
  ],
  'tcp-flags': [
    { text: '-m tcp --tcp-flags SYN,RST SYN', is: { kind: 'tcp-flags', mask: 6, comp: 2, negate }, needs: '-p tcp' },
    { text: '--syn', is: { kind: 'tcp-flags', mask: 0x17, comp: 2, negate }, needs: '-p tcp' },
    { text: '-m tcp ! --syn', is: { kind: 'tcp-flags', mask: 0x17, comp: 2, negate: true }, needs: '-p tcp' },
  ],
  'tcp-option': [{ text: '-m tcp --tcp-option 8', is: { kind: 'tcp-option', number: 8, negate }, needs: '-p tcp' }],
  icmp: [
    {
      text: '-m icmp ! --icmp-type any',
      is: { kind: 'icmp', type: 255, codes: { from: 0, to: 255 }, negate: true },
      needs: '-p icmp',
    },
    {
      text: '-m icmp --icmp-type 8',
      is: { kind: 'icmp', type: 8, codes: { from: 0, to: 255 }, negate },
      needs: '-p icmp',
    },
    {
      text: '-m icmp --icmp-type fragmentation-needed',
      is: { kind: 'icmp', type: 3, codes: port(4), negate },
      needs: '-p icmp',
    },
    {
      text: '-m icmp6 --icmpv6-type 135',
      is: { kind: 'icmp', type: 135, codes: { from: 0, to: 255 }, negate },
      needs: '-p ipv6-icmp',
      v6: true,
    },
  ],
  multiport: [
    {
      text: '-m multiport --dports 80,8000:8080',
      is: { kind: 'multiport', on: 'destination', ranges: [port(80), { from: 8000, to: 8080 }], negate },
      needs: '-p tcp',
    },
    {
      text: '-m multiport ! --ports 53',
      is: { kind: 'multiport', on: 'either', ranges: [port(53)], negate: true },
      needs: '-p udp',
    },
  ],
  mark: [
    { text: '-m mark ! --mark 0x4000/0x4000', is: { kind: 'mark', value: 0x4000, mask: 0x4000, negate: true } },
    { text: '-m mark --mark 0x1', is: { kind: 'mark', value: 1, mask: 0xffffffff, negate } },
  ],
  connmark: [
    {
      text: '-m connmark --mark 0x80000000/0xff000000',
      is: { kind: 'connmark', value: 0x80000000, mask: 0xff000000, negate },
    },
  ],
  ctstate: [
    {
      text: '-m conntrack --ctstate RELATED,ESTABLISHED',
      is: { kind: 'ctstate', states: ['RELATED', 'ESTABLISHED'], negate },
    },
    { text: '-m state --state NEW', is: { kind: 'ctstate', states: ['NEW'], negate } },
    { text: '-m conntrack ! --ctstate DNAT', is: { kind: 'ctstate', states: ['DNAT'], negate: true } },
  ],
  ctproto: [{ text: '-m conntrack --ctproto 6', is: { kind: 'ctproto', number: 6, negate, besideState: false } }],
  ctstatus: [
    {
      text: '-m conntrack --ctstatus ASSURED',
      is: { kind: 'ctstatus', statuses: ['ASSURED'], negate, besideState: false },
    },
    {
      text: '--ctstatus NONE',
      is: { kind: 'ctstatus', statuses: ['NONE'], negate, besideState: true },
      needs: '-m conntrack --ctstate NEW',
    },
  ],
  ctexpire: [
    {
      text: '-m conntrack ! --ctexpire 5:60',
      is: { kind: 'ctexpire', range: { from: 5, to: 60 }, negate: true, besideState: false },
    },
  ],
  ctaddress: [
    {
      text: '-m conntrack ! --ctorigdst 10.0.0.0/8',
      is: {
        kind: 'ctaddress',
        tuple: 'orig',
        side: 'destination',
        value: masked('10.0.0.0/8'),
        negate: true,
        besideState: false,
      },
    },
    {
      text: '-m conntrack --ctreplsrc 10.0.0.1',
      is: {
        kind: 'ctaddress',
        tuple: 'reply',
        side: 'source',
        value: masked('10.0.0.1/32'),
        negate,
        besideState: false,
      },
    },
  ],
  ctport: [
    {
      text: '-m conntrack --ctorigdstport 80:81',
      is: {
        kind: 'ctport',
        tuple: 'orig',
        side: 'destination',
        range: { from: 80, to: 81 },
        negate,
        besideState: false,
      },
    },
  ],
  ctdir: [
    { text: '-m conntrack --ctdir REPLY', is: { kind: 'ctdir', direction: 'REPLY', negate, besideState: false } },
  ],
  addrtype: [
    {
      text: '-m addrtype --dst-type LOCAL',
      is: { kind: 'addrtype', side: 'destination', types: ['LOCAL'], limitIface: null, negate },
    },
    {
      text: '-m addrtype ! --src-type LOCAL,BROADCAST --limit-iface-in',
      is: { kind: 'addrtype', side: 'source', types: ['LOCAL', 'BROADCAST'], limitIface: 'in', negate: true },
    },
  ],
  'statistic-random': [
    {
      text: '-m statistic --mode random --probability 0.50000000000',
      is: { kind: 'statistic-random', probability: 0.5, negate },
    },
  ],
  'statistic-nth': [
    {
      text: '-m statistic --mode nth --every 3 --packet 1',
      is: { kind: 'statistic-nth', every: 3, packet: 1, negate },
    },
  ],
  recent: [
    {
      text: '-m recent --rcheck --seconds 10800 --reap --name KUBE-SEP-A --mask 255.255.255.255 --rsource',
      is: {
        kind: 'recent',
        mode: 'rcheck',
        seconds: 10800,
        hitcount: null,
        name: 'KUBE-SEP-A',
        side: 'source',
        rttl: false,
        reap: true,
        mask: '255.255.255.255',
        negate,
      },
    },
    {
      text: '-m recent ! --update --seconds 60 --hitcount 4 --name x --mask 255.255.255.255 --rdest',
      is: {
        kind: 'recent',
        mode: 'update',
        seconds: 60,
        hitcount: 4,
        name: 'x',
        side: 'destination',
        rttl: false,
        reap: false,
        mask: '255.255.255.255',
        negate: true,
      },
    },
  ],
  'physdev-in': [
    { text: '-m physdev --physdev-in veth+', is: { kind: 'physdev-in', name: 'veth', wildcard: true, negate } },
  ],
  'physdev-out': [
    {
      text: '-m physdev ! --physdev-out eth0',
      is: { kind: 'physdev-out', name: 'eth0', wildcard: false, negate: true },
      notSaved: true,
    },
  ],
  'physdev-is': [
    { text: '-m physdev --physdev-is-bridged', is: { kind: 'physdev-is', what: 'bridged', negate }, notSaved: true },
    { text: '-m physdev ! --physdev-is-in', is: { kind: 'physdev-is', what: 'in', negate: true } },
  ],
  limit: [
    { text: '-m limit --limit 10/min --limit-burst 7', is: { kind: 'limit', rate: '10/min', burst: 7, negate } },
    { text: '-m limit --limit 3/sec', is: { kind: 'limit', rate: '3/sec', burst: 5, negate } },
  ],
  set: [
    {
      text: '-m set --match-set web dst,dst',
      is: { kind: 'set', set: 'web', directions: ['dst', 'dst'], options: [], negate },
      notSaved: true,
    },
    {
      text: '-m set ! --match-set "weave-;rGqyMIl1HN^cfDki~Z$3]6!N" src ! --update-counters',
      is: {
        kind: 'set',
        set: 'weave-;rGqyMIl1HN^cfDki~Z$3]6!N',
        directions: ['src'],
        options: ['! --update-counters'],
        negate: true,
      },
      notSaved: true,
    },
  ],
  length: [{ text: '-m length --length 100:200', is: { kind: 'length', range: { from: 100, to: 200 }, negate } }],
  ttl: [
    { text: '-m ttl --ttl-lt 5', is: { kind: 'ttl', op: 'lt', value: 5, negate } },
    { text: '-m hl --hl-eq 255', is: { kind: 'ttl', op: 'eq', value: 255, negate }, v6: true },
  ],
  tos: [{ text: '-m tos --tos 0x10/0x3f', is: { kind: 'tos', value: 0x10, mask: 0x3f, negate } }],
  dscp: [
    { text: '-m dscp --dscp 0x08', is: { kind: 'dscp', value: 8, negate } },
    { text: '-m dscp --dscp-class AF31', is: { kind: 'dscp', value: 26, negate } },
  ],
  iprange: [
    {
      text: '-m iprange ! --src-range 10.0.0.1-10.0.0.9',
      is: { kind: 'iprange', side: 'source', from: ip('10.0.0.1'), to: ip('10.0.0.9'), negate: true },
    },
  ],
  'mac-source': [
    { text: '-m mac --mac-source 02:00:00:00:00:0A', is: { kind: 'mac-source', mac: '02:00:00:00:00:0a', negate } },
  ],
  pkttype: [{ text: '-m pkttype --pkt-type multicast', is: { kind: 'pkttype', type: 'multicast', negate } }],
  rpfilter: [
    {
      text: '-m rpfilter --validmark --invert',
      is: { kind: 'rpfilter', loose: false, validmark: true, acceptLocal: false, invert: true, negate },
      table: 'raw',
    },
  ],
  socket: [
    {
      text: '-m socket --transparent --nowildcard',
      is: { kind: 'socket', transparent: true, nowildcard: true, restoreSkmark: false, negate },
      table: 'mangle',
    },
  ],
  owner: [
    {
      text: '-m owner --uid-owner 1337',
      is: { kind: 'owner', what: 'uid', range: port(1337), supplementary: false, negate },
    },
    {
      text: '-m owner ! --gid-owner 5-6',
      is: { kind: 'owner', what: 'gid', range: { from: 5, to: 6 }, supplementary: false, negate: true },
    },
    {
      text: '-m owner --gid-owner 5 --suppl-groups',
      is: { kind: 'owner', what: 'gid', range: port(5), supplementary: true, negate },
    },
    {
      text: '-m owner --socket-exists',
      is: { kind: 'owner', what: 'socket-exists', range: null, supplementary: false, negate },
    },
  ],
  nfacct: [
    {
      text: '-m nfacct --nfacct-name ct_state_invalid_dropped_pkts',
      is: { kind: 'nfacct', name: 'ct_state_invalid_dropped_pkts', negate },
      notSaved: true,
    },
  ],
  tcpmss: [
    {
      text: '-m tcpmss --mss 500:1000',
      is: { kind: 'tcpmss', range: { from: 500, to: 1000 }, negate },
      needs: '-p tcp',
    },
    { text: '-m tcpmss ! --mss 500', is: { kind: 'tcpmss', range: port(500), negate: true }, needs: '-p tcp' },
  ],
  'ecn-tcp': [
    { text: '-m ecn --ecn-tcp-cwr', is: { kind: 'ecn-tcp', flag: 'cwr', negate }, needs: '-p tcp' },
    { text: '-m ecn ! --ecn-tcp-ece', is: { kind: 'ecn-tcp', flag: 'ece', negate: true }, needs: '-p tcp' },
  ],
  'ecn-ip': [{ text: '-m ecn ! --ecn-ip-ect 2', is: { kind: 'ecn-ip', value: 2, negate: true } }],
  'sctp-chunks': [
    {
      text: '-m sctp --chunk-types any DATA:Be,INIT',
      is: { kind: 'sctp-chunks', how: 'any', chunks: ['DATA:Be', 'INIT'], negate },
      needs: '-p sctp',
    },
    {
      text: '-m sctp ! --chunk-types only SACK,ABORT:T',
      is: { kind: 'sctp-chunks', how: 'only', chunks: ['SACK', 'ABORT:T'], negate: true },
      needs: '-p sctp',
    },
  ],
  u32: [
    {
      text: '-m u32 --u32 "6&0xFF=0x11&&0>>22&0x3C@8=1:5,7"',
      is: {
        kind: 'u32',
        tests: [
          {
            steps: [
              { op: 'first', number: 6 },
              { op: 'and', number: 0xff },
            ],
            values: [port(0x11)],
          },
          {
            steps: [
              { op: 'first', number: 0 },
              { op: 'right', number: 22 },
              { op: 'and', number: 0x3c },
              { op: 'at', number: 8 },
            ],
            values: [{ from: 1, to: 5 }, port(7)],
          },
        ],
        negate,
      },
    },
    {
      text: '-m u32 ! --u32 "0x0=0x45000000:0x4500ffff"',
      is: {
        kind: 'u32',
        tests: [{ steps: [{ op: 'first', number: 0 }], values: [{ from: 0x45000000, to: 0x4500ffff }] }],
        negate: true,
      },
    },
  ],
  eui64: [{ text: '-m eui64', is: { kind: 'eui64', negate }, v6: true }],
  ipv6header: [
    {
      text: '-m ipv6header --header protocol',
      is: { kind: 'ipv6header', headers: 1, soft: false, negate },
      v6: true,
    },
    {
      text: '-m ipv6header --header hop-by-hop,ipv6-opts --soft',
      is: { kind: 'ipv6header', headers: 128 | 64, soft: true, negate },
      v6: true,
    },
    {
      text: '-m ipv6header ! --header frag',
      is: { kind: 'ipv6header', headers: 16, soft: false, negate: true },
      v6: true,
    },
  ],
  devgroup: [
    { text: '-m devgroup --src-group 0x5/0xf', is: { kind: 'devgroup', side: 'source', value: 5, mask: 15, negate } },
    {
      text: '-m devgroup ! --dst-group default',
      is: { kind: 'devgroup', side: 'destination', value: 0, mask: 0xffffffff, negate: true },
    },
  ],
  realm: [{ text: '-m realm ! --realm 0x5/0xff', is: { kind: 'realm', value: 5, mask: 255, negate: true } }],
  policy: [
    { text: '-m policy --dir in --pol none', is: { kind: 'policy', dir: 'in', ipsec: false, options: [], negate } },
    {
      text: '-m policy --dir out --pol ipsec --strict --reqid 5 ! --spi 0x5 --proto esp --mode tunnel --tunnel-dst 2.2.2.0/24 --tunnel-src 1.1.1.1 --next --reqid 6',
      is: {
        kind: 'policy',
        dir: 'out',
        ipsec: true,
        options: [
          '--strict',
          '--reqid 5',
          '! --spi 0x5',
          '--proto esp',
          '--mode tunnel',
          '--tunnel-dst 2.2.2.0/24',
          '--tunnel-src 1.1.1.1',
          '--next',
          '--reqid 6',
        ],
        negate,
      },
    },
  ],
  cgroup: [
    { text: '-m cgroup ! --cgroup 1', is: { kind: 'cgroup', classid: 1, path: null, negate: true } },
    {
      text: '-m cgroup --path system.slice/a.service',
      is: { kind: 'cgroup', classid: null, path: 'system.slice/a.service', negate },
      notSaved: true,
    },
  ],
  cpu: [{ text: '-m cpu ! --cpu 1', is: { kind: 'cpu', cpu: 1, negate: true } }],
  cluster: [
    {
      text: '-m cluster --cluster-total-nodes 2 --cluster-local-node 2 --cluster-hash-seed 0xdeadbeef',
      is: { kind: 'cluster', nodemask: 2, total: 2, seed: 0xdeadbeef, negate },
    },
    {
      text: '-m cluster ! --cluster-local-nodemask 0x00000005 --cluster-total-nodes 3 --cluster-hash-seed 0x00000007',
      is: { kind: 'cluster', nodemask: 5, total: 3, seed: 7, negate: true },
    },
  ],
  connbytes: [
    {
      text: '-m connbytes --connbytes 10:20 --connbytes-mode packets --connbytes-dir both',
      is: { kind: 'connbytes', from: 10, to: 20, mode: 'packets', direction: 'both', negate },
    },
    {
      text: '-m connbytes ! --connbytes 10 --connbytes-mode avgpkt --connbytes-dir original',
      is: { kind: 'connbytes', from: 10, to: null, mode: 'avgpkt', direction: 'original', negate: true },
    },
  ],
  connlabel: [
    { text: '-m connlabel --label "5"', is: { kind: 'connlabel', label: '5', set: false, negate } },
    { text: '-m connlabel ! --label "5" --set', is: { kind: 'connlabel', label: '5', set: true, negate: true } },
  ],
  connlimit: [
    {
      text: '-m connlimit --connlimit-upto 5 --connlimit-mask 24',
      is: { kind: 'connlimit', limit: 5, maskLength: 24, side: 'source', negate: true },
    },
    {
      text: '-m connlimit --connlimit-above 0 --connlimit-daddr',
      is: { kind: 'connlimit', limit: 0, maskLength: 32, side: 'destination', negate },
    },
    {
      text: '-m connlimit ! --connlimit-above 3',
      is: { kind: 'connlimit', limit: 3, maskLength: 32, side: 'source', negate: true },
    },
  ],
  helper: [{ text: '-m helper ! --helper ftp-21', is: { kind: 'helper', name: 'ftp-21', negate: true } }],
  ah: [
    { text: '-m ah --ahspi 5:6', is: { kind: 'ah', options: ['--ahspi 5:6'], negate }, needs: '-p ah' },
    {
      text: '-m ah ! --ahspi 5:7 ! --ahlen 1 --ahres',
      is: { kind: 'ah', options: ['! --ahspi 5:7', '! --ahlen 1', '--ahres'], negate },
      v6: true,
    },
  ],
  esp: [{ text: '-m esp ! --espspi 5', is: { kind: 'esp', options: ['! --espspi 5'], negate }, needs: '-p esp' }],
  ipcomp: [
    {
      text: '-m ipcomp ! --ipcompspi 5:9',
      is: { kind: 'ipcomp', options: ['! --ipcompspi 5:9'], negate },
      needs: '-p 108',
    },
  ],
  dccp: [
    {
      text: '-m dccp --dccp-types REQUEST,RESPONSE',
      is: { kind: 'dccp', options: ['--dccp-types REQUEST,RESPONSE'], negate },
      needs: '-p dccp',
    },
    {
      text: '-m dccp ! --dccp-option 5',
      is: { kind: 'dccp', options: ['! --dccp-option 5'], negate },
      needs: '-p dccp',
    },
  ],
  frag: [
    {
      text: '-m frag ! --fragid 5:6 --fraglen 5 --fragres --fragfirst --fragmore',
      is: {
        kind: 'frag',
        options: ['! --fragid 5:6', '--fraglen 5', '--fragres', '--fragfirst', '--fragmore'],
        negate,
      },
      v6: true,
    },
    { text: '-m frag --fraglast', is: { kind: 'frag', options: ['--fraglast'], negate }, v6: true },
  ],
  hbh: [
    {
      text: '-m hbh ! --hbh-len 5 --hbh-opts 1:2,3',
      is: { kind: 'hbh', options: ['! --hbh-len 5', '--hbh-opts 1:2,3'], negate },
      v6: true,
    },
  ],
  dst: [
    {
      text: '-m dst --dst-len 5 --dst-opts 1:2',
      is: { kind: 'dst', options: ['--dst-len 5', '--dst-opts 1:2'], negate },
      v6: true,
    },
  ],
  rt: [
    {
      text: '-m rt --rt-type 0 ! --rt-segsleft 1:2 --rt-len 5 --rt-0-res --rt-0-addrs ::1,::2 --rt-0-not-strict',
      is: {
        kind: 'rt',
        options: [
          '--rt-type 0',
          '! --rt-segsleft 1:2',
          '--rt-len 5',
          '--rt-0-res',
          '--rt-0-addrs ::1,::2',
          '--rt-0-not-strict',
        ],
        negate,
      },
      v6: true,
    },
  ],
  mh: [
    {
      text: '-m mh ! --mh-type 1:3',
      is: { kind: 'mh', options: ['! --mh-type 1:3'], negate },
      needs: '-p 135',
      v6: true,
    },
  ],
  srh: [
    {
      text: '-m srh --srh-next-hdr 6 --srh-hdr-len-eq 5 ! --srh-segs-left-gt 3 --srh-last-entry-lt 3 --srh-tag 5 --srh-psid ::1/128',
      is: {
        kind: 'srh',
        options: [
          '--srh-next-hdr 6',
          '--srh-hdr-len-eq 5',
          '! --srh-segs-left-gt 3',
          '--srh-last-entry-lt 3',
          '--srh-tag 5',
          '--srh-psid ::1/128',
        ],
        negate,
      },
      v6: true,
    },
  ],
  bpf: [
    {
      text: '-m bpf --bytecode "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0"',
      is: { kind: 'bpf', options: ['--bytecode "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0"'], negate },
    },
  ],
  string: [
    {
      text: '-m string --string "a \\"b\\"" --algo bm --from 10 --to 200 --icase',
      is: {
        kind: 'string',
        options: ['--string "a \\"b\\""', '--algo bm', '--from 10', '--to 200', '--icase'],
        negate,
      },
    },
    {
      text: '-m string ! --hex-string "|00ff616263|" --algo kmp',
      is: { kind: 'string', options: ['! --hex-string "|00ff616263|"', '--algo kmp'], negate },
    },
  ],
  hashlimit: [
    {
      text: '-m hashlimit --hashlimit-upto 5/sec --hashlimit-burst 5 --hashlimit-mode srcip,dstport --hashlimit-name foo --hashlimit-htable-size 16 --hashlimit-htable-max 100 --hashlimit-htable-gcinterval 100 --hashlimit-srcmask 24',
      is: {
        kind: 'hashlimit',
        options: [
          '--hashlimit-upto 5/sec',
          '--hashlimit-burst 5',
          '--hashlimit-mode srcip,dstport',
          '--hashlimit-name foo',
          '--hashlimit-htable-size 16',
          '--hashlimit-htable-max 100',
          '--hashlimit-htable-gcinterval 100',
          '--hashlimit-srcmask 24',
        ],
        negate,
      },
    },
    {
      text: '-m hashlimit --hashlimit-above 5kb/s --hashlimit-burst 10kb --hashlimit-mode dstip --hashlimit-name baz --hashlimit-dstmask 24',
      is: {
        kind: 'hashlimit',
        options: [
          '--hashlimit-above 5kb/s',
          '--hashlimit-burst 10kb',
          '--hashlimit-mode dstip',
          '--hashlimit-name baz',
          '--hashlimit-dstmask 24',
        ],
        negate,
      },
    },
    {
      text: '-m hashlimit --hashlimit-upto 5/sec --hashlimit-burst 5 --hashlimit-name bax --hashlimit-rate-match --hashlimit-rate-interval 3',
      is: {
        kind: 'hashlimit',
        options: [
          '--hashlimit-upto 5/sec',
          '--hashlimit-burst 5',
          '--hashlimit-name bax',
          '--hashlimit-rate-match',
          '--hashlimit-rate-interval 3',
        ],
        negate,
      },
    },
  ],
  quota: [{ text: '-m quota ! --quota 5000', is: { kind: 'quota', options: ['! --quota 5000'], negate } }],
  rateest: [
    {
      text: '-m rateest --rateest RE1 --rateest-lt --rateest-bps 1000Kbit',
      is: { kind: 'rateest', options: ['--rateest RE1', '--rateest-lt', '--rateest-bps 1000Kbit'], negate },
      notSaved: true,
    },
  ],
  osf: [
    {
      text: '-m osf ! --genre Linux --ttl 1 --log 1',
      is: { kind: 'osf', options: ['! --genre Linux', '--ttl 1', '--log 1'], negate },
      needs: '-p tcp',
    },
  ],
  time: [
    {
      text: '-m time --timestart 07:00:00 --timestop 19:00:00 --weekdays Mon,Tue --datestop 2038-01-19T03:14:07 --kerneltz',
      is: {
        kind: 'time',
        options: [
          '--timestart 07:00:00',
          '--timestop 19:00:00',
          '--weekdays Mon,Tue',
          '--datestop 2038-01-19T03:14:07',
          '--kerneltz',
        ],
        negate,
      },
    },
  ],
  l2tp: [
    {
      text: '-m l2tp --tid 5 --type data --pversion 2',
      is: { kind: 'l2tp', options: ['--tid 5', '--type data', '--pversion 2'], negate },
      needs: '-p udp',
      notSaved: true,
    },
  ],
  unsupported: [
    {
      text: '-m geoip ! --source-country CN,RU',
      is: { kind: 'unsupported', module: 'geoip', text: '-m geoip ! --source-country CN,RU' },
      notSaved: true,
    },
    {
      text: '-m time --moonphase full',
      is: { kind: 'unsupported', module: 'time', text: '-m time --moonphase full' },
      notSaved: true,
    },
  ],
};

const ct = {
  kind: 'ct',
  zone: null,
  zoneOf: 'both',
  helper: null,
  notrack: false,
  timeout: null,
  events: [],
} as const;
const nat = { random: false, randomFully: false, persistent: false, basePort: null };
export const TARGET_ROWS: Rows<XtTarget> = {
  accept: [{ text: '-j ACCEPT', is: { kind: 'accept' } }],
  drop: [{ text: '-j DROP', is: { kind: 'drop' } }],
  return: [{ text: '-j RETURN', is: { kind: 'return' } }],
  jump: [{ text: '-j OTHER', is: { kind: 'jump', chain: 'OTHER' } }],
  goto: [{ text: '-g OTHER', is: { kind: 'goto', chain: 'OTHER' } }],
  reject: [
    { text: '-j REJECT --reject-with icmp-port-unreachable', is: { kind: 'reject', with: 'icmp-port-unreachable' } },
    { text: '-j REJECT', is: { kind: 'reject', with: 'icmp-port-unreachable' } },
    { text: '-j REJECT --reject-with tcp-reset', is: { kind: 'reject', with: 'tcp-reset' }, needs: '-p tcp' },
    {
      text: '-j REJECT --reject-with icmp6-adm-prohibited',
      is: { kind: 'reject', with: 'icmp6-adm-prohibited' },
      v6: true,
    },
  ],
  mark: [
    { text: '-j MARK --set-xmark 0x4000/0x0', is: { kind: 'mark', value: 0x4000, mask: 0 }, table: 'mangle' },
    { text: '-j MARK --set-mark 0x1/0x2', is: { kind: 'mark', value: 1, mask: 3 }, table: 'mangle' },
    { text: '-j MARK --or-mark 0x8000', is: { kind: 'mark', value: 0x8000, mask: 0x8000 }, table: 'mangle' },
    { text: '-j MARK --and-mark 0xffff', is: { kind: 'mark', value: 0, mask: 0xffff0000 }, table: 'mangle' },
    { text: '-j MARK --xor-mark 0x1', is: { kind: 'mark', value: 1, mask: 0 }, table: 'mangle' },
  ],
  'connmark-set': [
    {
      text: '-j CONNMARK --set-xmark 0x1/0xff',
      is: { kind: 'connmark-set', value: 1, mask: 255, shift: 0 },
      table: 'mangle',
    },
    {
      text: '-j CONNMARK --set-xmark 0x5/0x7 --left-shift-mark 3',
      is: { kind: 'connmark-set', value: 5, mask: 7, shift: 3 },
      table: 'mangle',
    },
  ],
  'connmark-save': [
    {
      text: '-j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff00',
      is: { kind: 'connmark-save', nfmask: 255, ctmask: 0xff00, shift: 0 },
      table: 'mangle',
    },
  ],
  'connmark-restore': [
    {
      text: '-j CONNMARK --restore-mark --mask 0x1',
      is: { kind: 'connmark-restore', nfmask: 1, ctmask: 1, shift: 0 },
      table: 'mangle',
    },
    {
      text: '-j CONNMARK --restore-mark',
      is: { kind: 'connmark-restore', nfmask: 0xffffffff, ctmask: 0xffffffff, shift: 0 },
      table: 'mangle',
    },
    {
      text: '-j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff00 --right-shift-mark 8',
      is: { kind: 'connmark-restore', nfmask: 255, ctmask: 0xff00, shift: -8 },
      table: 'mangle',
    },
  ],
  dnat: [
    {
      text: '-j DNAT --to-destination 10.244.1.2:8080',
      is: {
        kind: 'dnat',
        to: { ...nat, addresses: { from: ip('10.244.1.2'), to: ip('10.244.1.2') }, ports: port(8080) },
      },
      needs: '-p tcp',
      table: 'nat',
    },
    {
      text: '-j DNAT --to-destination 10.0.0.1-10.0.0.9:80-90/70 --random --persistent',
      is: {
        kind: 'dnat',
        to: {
          addresses: { from: ip('10.0.0.1'), to: ip('10.0.0.9') },
          ports: { from: 80, to: 90 },
          basePort: 70,
          random: true,
          randomFully: false,
          persistent: true,
        },
      },
      needs: '-p tcp -m tcp --dport 70:80',
      table: 'nat',
    },
    {
      text: '-j DNAT --to-destination [fd00::2]:8080',
      is: { kind: 'dnat', to: { ...nat, addresses: { from: ip('fd00::2'), to: ip('fd00::2') }, ports: port(8080) } },
      needs: '-p tcp',
      table: 'nat',
      v6: true,
    },
    {
      text: '-j DNAT --to-destination :8080',
      is: { kind: 'dnat', to: { ...nat, addresses: null, ports: port(8080) } },
      needs: '-p tcp',
      table: 'nat',
    },
  ],
  snat: [
    {
      text: '-j SNAT --to-source 10.0.0.1 --random-fully',
      is: {
        kind: 'snat',
        to: { ...nat, addresses: { from: ip('10.0.0.1'), to: ip('10.0.0.1') }, ports: null, randomFully: true },
      },
      table: 'nat',
    },
  ],
  masquerade: [
    {
      text: '-j MASQUERADE --random-fully',
      is: { kind: 'masquerade', ports: null, random: false, randomFully: true },
      table: 'nat',
    },
    {
      text: '-j MASQUERADE --to-ports 1024-65535',
      is: { kind: 'masquerade', ports: { from: 1024, to: 65535 }, random: false, randomFully: false },
      needs: '-p tcp',
      table: 'nat',
    },
  ],
  redirect: [
    {
      text: '-j REDIRECT --to-ports 15001',
      is: { kind: 'redirect', ports: port(15001), random: false },
      needs: '-p tcp',
      table: 'nat',
    },
  ],
  netmap: [
    {
      text: '-j NETMAP --to 10.5.0.0/16',
      is: { kind: 'netmap', address: ip('10.5.0.0'), mask: ip('255.255.0.0') },
      table: 'nat',
    },
  ],
  notrack: [{ text: '-j NOTRACK', is: { kind: 'notrack' }, table: 'raw', notSaved: true }],
  ct: [
    { text: '-j CT --notrack', is: { ...ct, notrack: true }, table: 'raw' },
    { text: '-j CT --zone 5', is: { ...ct, zone: 5 }, table: 'raw' },
    { text: '-j CT --zone-orig 5', is: { ...ct, zone: 5, zoneOf: 'original' }, table: 'raw' },
    { text: '-j CT --zone-reply mark', is: { ...ct, zone: 'mark', zoneOf: 'reply' }, table: 'raw' },
    {
      text: '-j CT --helper ftp --ctevents new,destroy --expevents new',
      is: { ...ct, helper: 'ftp', events: ['--ctevents new,destroy', '--expevents new'] },
      needs: '-p tcp',
      table: 'raw',
    },
    { text: '-j CT --timeout short', is: { ...ct, timeout: 'short' }, needs: '-p tcp', table: 'raw', notSaved: true },
  ],
  tproxy: [
    {
      text: '-j TPROXY --on-port 15006 --on-ip 0.0.0.0 --tproxy-mark 0x539/0xffffffff',
      is: { kind: 'tproxy', port: 15006, address: null, value: 0x539, mask: 0xffffffff },
      needs: '-p tcp',
      table: 'mangle',
    },
  ],
  tcpmss: [
    {
      text: '-j TCPMSS --clamp-mss-to-pmtu',
      is: { kind: 'tcpmss', set: 'clamp-to-pmtu' },
      needs: '-p tcp --syn',
      table: 'mangle',
    },
    { text: '-j TCPMSS --set-mss 1400', is: { kind: 'tcpmss', set: 1400 }, needs: '-p tcp --syn', table: 'mangle' },
  ],
  tos: [{ text: '-j TOS --set-tos 0x10/0x3f', is: { kind: 'tos', value: 0x10, mask: 0x3f }, table: 'mangle' }],
  dscp: [{ text: '-j DSCP --set-dscp-class EF', is: { kind: 'dscp', value: 46 }, table: 'mangle' }],
  ttl: [
    { text: '-j TTL --ttl-set 64', is: { kind: 'ttl', op: 'set', value: 64 }, table: 'mangle' },
    { text: '-j HL --hl-dec 1', is: { kind: 'ttl', op: 'dec', value: 1 }, table: 'mangle', v6: true },
  ],
  tee: [
    {
      text: '-j TEE --gateway 10.0.0.9 --oif eth0',
      is: { kind: 'tee', gateway: ip('10.0.0.9'), oif: 'eth0' },
      table: 'mangle',
    },
    {
      text: '-j TEE --gateway fd00::9',
      is: { kind: 'tee', gateway: ip('fd00::9'), oif: null },
      table: 'mangle',
      v6: true,
    },
  ],
  'set-add': [
    {
      text: '-j SET --add-set foo src --exist --timeout 5',
      is: { kind: 'set-add', set: 'foo', directions: ['src'], options: ['--exist', '--timeout 5'] },
      notSaved: true,
    },
  ],
  'set-del': [
    {
      text: '-j SET --del-set foo src,dst',
      is: { kind: 'set-del', set: 'foo', directions: ['src', 'dst'], options: [] },
      notSaved: true,
    },
  ],
  'set-map': [
    {
      text: '-j SET --map-set foo src --map-mark --map-prio --map-queue',
      is: { kind: 'set-map', set: 'foo', directions: ['src'], options: ['--map-mark', '--map-prio', '--map-queue'] },
      table: 'mangle',
      notSaved: true,
    },
  ],
  nfqueue: [
    { text: '-j NFQUEUE', is: { kind: 'nfqueue', queues: port(0), bypass: false, cpuFanout: false } },
    {
      text: '-j NFQUEUE --queue-num 5 --queue-bypass',
      is: { kind: 'nfqueue', queues: port(5), bypass: true, cpuFanout: false },
    },
    {
      text: '-j NFQUEUE --queue-balance 1:3 --queue-cpu-fanout',
      is: { kind: 'nfqueue', queues: { from: 1, to: 3 }, bypass: false, cpuFanout: true },
    },
  ],
  synproxy: [
    {
      text: '-j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460 --ecn',
      is: { kind: 'synproxy', options: ['--sack-perm', '--timestamp', '--wscale 7', '--mss 1460', '--ecn'] },
      needs: '-p tcp',
    },
  ],
  hmark: [
    {
      text: '-j HMARK --hmark-src-prefix 32 --hmark-rnd 0x00000001 --hmark-mod 5 --hmark-tuple ct',
      is: {
        kind: 'hmark',
        options: ['--hmark-src-prefix 32', '--hmark-rnd 0x00000001', '--hmark-mod 5', '--hmark-tuple ct'],
      },
      table: 'mangle',
      notSaved: true,
    },
  ],
  observe: [
    {
      text: '-j LOG --log-prefix "dropped: " --log-level 4',
      is: { kind: 'observe', name: 'LOG', options: ['--log-prefix "dropped: "', '--log-level 4'] },
      notSaved: true,
    },
    {
      text: '-j LOG --log-prefix "a b: " --log-level 7 --log-tcp-sequence --log-tcp-options --log-ip-options --log-uid --log-macdecode',
      is: {
        kind: 'observe',
        name: 'LOG',
        options: [
          '--log-prefix "a b: "',
          '--log-level 7',
          '--log-tcp-sequence',
          '--log-tcp-options',
          '--log-ip-options',
          '--log-uid',
          '--log-macdecode',
        ],
      },
    },
    {
      text: '-j NFLOG --nflog-prefix x --nflog-group 5 --nflog-size 5 --nflog-threshold 6',
      is: {
        kind: 'observe',
        name: 'NFLOG',
        options: ['--nflog-prefix x', '--nflog-group 5', '--nflog-size 5', '--nflog-threshold 6'],
      },
    },
    { text: '-j TRACE', is: { kind: 'observe', name: 'TRACE', options: [] }, table: 'raw' },
    { text: '-j AUDIT --type accept', is: { kind: 'observe', name: 'AUDIT', options: ['--type accept'] } },
    {
      text: '-j CHECKSUM --checksum-fill',
      is: { kind: 'observe', name: 'CHECKSUM', options: ['--checksum-fill'] },
      needs: '-p udp',
      table: 'mangle',
    },
    {
      text: '-j CLASSIFY --set-class 0001:0002',
      is: { kind: 'observe', name: 'CLASSIFY', options: ['--set-class 0001:0002'] },
      table: 'mangle',
    },
    {
      text: '-j CONNSECMARK --save',
      is: { kind: 'observe', name: 'CONNSECMARK', options: ['--save'] },
      table: 'security',
    },
    {
      text: '-j IDLETIMER --timeout 5 --label nv-idle',
      is: { kind: 'observe', name: 'IDLETIMER', options: ['--timeout 5', '--label nv-idle'] },
      notSaved: true,
    },
    {
      text: '-j RATEEST --rateest-name nv1 --rateest-interval 250.0ms --rateest-ewmalog 500.0ms',
      is: {
        kind: 'observe',
        name: 'RATEEST',
        options: ['--rateest-name nv1', '--rateest-interval 250.0ms', '--rateest-ewmalog 500.0ms'],
      },
    },
    {
      text: '-j TCPOPTSTRIP --strip-options 2,5',
      is: { kind: 'observe', name: 'TCPOPTSTRIP', options: ['--strip-options 2,5'] },
      needs: '-p tcp',
      table: 'mangle',
    },
    {
      text: '-j ECN --ecn-tcp-remove',
      is: { kind: 'observe', name: 'ECN', options: ['--ecn-tcp-remove'] },
      needs: '-p tcp',
      table: 'mangle',
    },
  ],
  unsupported: [
    {
      text: '-j TARPIT --reset',
      is: { kind: 'unsupported', name: 'TARPIT', text: '-j TARPIT --reset' },
      notSaved: true,
    },
    {
      text: '-j DNAT --to-destination  --random --to-destination 0.0.0.0:0',
      is: { kind: 'unsupported', name: 'DNAT', text: '-j DNAT --to-destination  --random --to-destination 0.0.0.0:0' },
      needs: '-p tcp',
      table: 'nat',
      notSaved: true,
    },
  ],
};

export const matchRows = Object.values(MATCH_ROWS).flat() as readonly Row<XtMatch>[];
export const targetRows = Object.values(TARGET_ROWS).flat() as readonly Row<XtTarget>[];
