/** The tunnel and who answers on a link. */
import type { CodeEntries } from './entry.ts';

export const TUNNEL = {
  'NV-NEIGHBOUR-UNRESOLVED': {
    severity: 'blocking',
    title: { en: 'Nobody answers for the next hop', zh: '下一跳无人应答' },
    text: {
      en: '{where} has to hand the packets to {address} on {dev}, but has no hardware (MAC) address for it and nobody there answers.',
      zh: '{where} 要把数据包交给 {dev} 上的 {address},但没有它的硬件(MAC)地址,也无人应答。',
    },
    params: ['where', 'address', 'dev'],
  },
  'NV-NEIGHBOUR-WRONG': {
    severity: 'blocking',
    title: { en: 'A neighbour entry names the wrong hardware address', zh: '邻居表项的硬件地址错误' },
    text: {
      en: "{where} sends packets for {address} to the hardware (MAC) address {mac} on {dev}, which is not that host's.",
      zh: '{where} 在 {dev} 上把发往 {address} 的数据包送到硬件(MAC)地址 {mac},但那不是目标主机的地址。',
    },
    params: ['where', 'address', 'mac', 'dev'],
  },
  'NV-ARP-IGNORED': {
    severity: 'blocking',
    title: { en: 'A host does not answer for its own address', zh: '主机不为自己的地址应答' },
    text: {
      en: '{where} has the address {address}, but does not answer when {dev} is asked for its hardware (MAC) address ({sysctl} is set), so nobody can send to it.',
      zh: '{where} 拥有地址 {address},但在 {dev} 上被询问硬件(MAC)地址时不应答(设置了 {sysctl}),因此无人能向它发送。',
    },
    params: ['where', 'address', 'dev', 'sysctl'],
  },
  'NV-FDB-MISSING': {
    severity: 'blocking',
    title: { en: 'The tunnel does not know the other node', zh: '隧道不知道对端节点' },
    text: {
      en: 'The tunnel {dev} of {where} has no entry that says which node has {mac} ({owner}), so the packets are dropped.',
      zh: '{where} 的隧道 {dev} 没有表项说明 {mac}({owner})在哪个节点上,数据包被丢弃。',
    },
    params: ['dev', 'where', 'mac', 'owner'],
  },
  'NV-FDB-WRONG-NODE': {
    severity: 'blocking',
    title: { en: 'The tunnel sends packets to the wrong node', zh: '隧道把数据包送到了错误的节点' },
    text: {
      en: 'The tunnel {dev} of {where} sends packets for {owner} to {actual}; they should go to {expected}.',
      zh: '{where} 的隧道 {dev} 把发往 {owner} 的数据包送到 {actual},而正确的地址是 {expected}。',
    },
    params: ['dev', 'where', 'owner', 'actual', 'expected'],
  },
  'NV-VXLAN-VNI-MISMATCH': {
    severity: 'blocking',
    title: { en: 'The two ends of the tunnel use different network numbers', zh: '隧道两端的网络编号不同' },
    text: {
      en: 'Tunnel packets arrive at {where} with network number (VNI) {vni}, but its tunnel device {dev} has {actual}: they are dropped.',
      zh: '隧道数据包以网络编号(VNI){vni} 到达 {where},但其隧道设备 {dev} 的编号是 {actual},因此被丢弃。',
    },
    params: ['where', 'vni', 'dev', 'actual'],
  },
  'NV-VXLAN-DEVICE-MISSING': {
    severity: 'blocking',
    title: { en: 'The other end of the tunnel is missing', zh: '隧道的另一端不存在' },
    text: {
      en: 'Tunnel packets arrive at {where} on udp/{port}, but no tunnel device takes them there.',
      zh: '隧道数据包经 udp/{port} 到达 {where},但那里没有隧道设备接收。',
    },
    params: ['where', 'port'],
  },
  'NV-VXLAN-CHECKSUM': {
    severity: 'blocking',
    title: { en: 'NAT has made the checksum of tunnel packets wrong', zh: 'NAT 使隧道数据包的校验和出错' },
    text: {
      en: 'Tunnel packets to {address} udp/{port} are translated on their way and arrive at {where} with a wrong UDP checksum: they are dropped.',
      zh: '发往 {address} udp/{port} 的隧道数据包在途中被地址转换,到达 {where} 时 UDP 校验和错误,因此被丢弃。',
    },
    params: ['where', 'address', 'port'],
  },
} as const satisfies CodeEntries;
