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
  readonly table?: 'nat' | 'mangle' | 'raw';
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
  ctproto: [{ text: '-m conntrack --ctproto 6', is: { kind: 'ctproto', number: 6, negate } }],
  ctstatus: [{ text: '-m conntrack --ctstatus ASSURED', is: { kind: 'ctstatus', statuses: ['ASSURED'], negate } }],
  ctaddress: [
    {
      text: '-m conntrack ! --ctorigdst 10.0.0.0/8',
      is: { kind: 'ctaddress', tuple: 'orig', side: 'destination', value: masked('10.0.0.0/8'), negate: true },
    },
    {
      text: '-m conntrack --ctreplsrc 10.0.0.1',
      is: { kind: 'ctaddress', tuple: 'reply', side: 'source', value: masked('10.0.0.1/32'), negate },
    },
  ],
  ctport: [
    {
      text: '-m conntrack --ctorigdstport 80:81',
      is: { kind: 'ctport', tuple: 'orig', side: 'destination', range: { from: 80, to: 81 }, negate },
    },
  ],
  ctdir: [{ text: '-m conntrack --ctdir REPLY', is: { kind: 'ctdir', direction: 'REPLY', negate } }],
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
    { text: '-m owner --uid-owner 1337', is: { kind: 'owner', what: 'uid', range: port(1337), negate } },
    { text: '-m owner ! --gid-owner 5-6', is: { kind: 'owner', what: 'gid', range: { from: 5, to: 6 }, negate: true } },
    { text: '-m owner --socket-exists', is: { kind: 'owner', what: 'socket-exists', range: null, negate } },
  ],
  nfacct: [
    {
      text: '-m nfacct --nfacct-name ct_state_invalid_dropped_pkts',
      is: { kind: 'nfacct', name: 'ct_state_invalid_dropped_pkts', negate },
      notSaved: true,
    },
  ],
  unsupported: [
    {
      text: '-m time --timestart 07:00:00 --timestop 19:00:00',
      is: { kind: 'unsupported', module: 'time', text: '-m time --timestart 07:00:00 --timestop 19:00:00' },
      notSaved: true,
    },
    {
      text: '-m conntrack --ctexpire 5',
      is: { kind: 'unsupported', module: 'conntrack', text: '-m conntrack --ctexpire 5' },
      notSaved: true,
    },
  ],
};

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
    { text: '-j CONNMARK --set-xmark 0x1/0xff', is: { kind: 'connmark-set', value: 1, mask: 255 }, table: 'mangle' },
  ],
  'connmark-save': [
    {
      text: '-j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff00',
      is: { kind: 'connmark-save', nfmask: 255, ctmask: 0xff00 },
      table: 'mangle',
    },
  ],
  'connmark-restore': [
    {
      text: '-j CONNMARK --restore-mark --mask 0x1',
      is: { kind: 'connmark-restore', nfmask: 1, ctmask: 1 },
      table: 'mangle',
    },
    {
      text: '-j CONNMARK --restore-mark',
      is: { kind: 'connmark-restore', nfmask: 0xffffffff, ctmask: 0xffffffff },
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
    { text: '-j CT --notrack', is: { kind: 'ct', zone: null, helper: null, notrack: true }, table: 'raw' },
    { text: '-j CT --zone 5', is: { kind: 'ct', zone: 5, helper: null, notrack: false }, table: 'raw' },
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
  observe: [
    { text: '-j LOG --log-prefix "dropped: " --log-level 4', is: { kind: 'observe', name: 'LOG' } },
    { text: '-j NFLOG --nflog-group 5', is: { kind: 'observe', name: 'NFLOG' } },
  ],
  unsupported: [
    {
      text: '-j NFQUEUE --queue-num 1',
      is: { kind: 'unsupported', name: 'NFQUEUE', text: '-j NFQUEUE --queue-num 1' },
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
