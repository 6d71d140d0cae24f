/** Switches of the kernel. */
import type { CodeEntries } from './entry.ts';

export const KERNEL = {
  'NV-IP-FORWARD-OFF': {
    severity: 'blocking',
    title: { en: 'The host does not pass packets on', zh: '主机不转发数据包' },
    text: {
      en: '{where} does not pass on packets for others (the switch {sysctl} of its kernel is 0), and this one is for {address}.',
      zh: '{where} 不替别人转发数据包(内核开关 {sysctl} 为 0),而这个数据包是发往 {address} 的。',
    },
    params: ['where', 'sysctl', 'address'],
  },
  'NV-RP-FILTER': {
    severity: 'blocking',
    title: { en: 'The host drops packets that come in by an unexpected device', zh: '主机丢弃从意外设备进入的数据包' },
    text: {
      en: '{where} drops packets from {address} that come in by {dev}, since its own route back to {address} uses {expected} ({sysctl} = {mode}).',
      zh: '{where} 丢弃从 {dev} 进入的、来自 {address} 的数据包,因为它返回 {address} 的路由走 {expected}({sysctl} = {mode})。',
    },
    params: ['where', 'address', 'dev', 'expected', 'sysctl', 'mode'],
  },
  'NV-MARTIAN': {
    severity: 'blocking',
    title: { en: 'The host drops packets with an impossible address', zh: '主机丢弃地址不合理的数据包' },
    text: {
      en: '{where} drops the packets that come in by {dev}: {why}.',
      zh: '{where} 丢弃从 {dev} 进入的数据包:{whyZh}。',
    },
    params: ['where', 'dev', 'why', 'whyZh'],
  },
  'NV-LOOPBACK-FROM-OUTSIDE': {
    severity: 'blocking',
    title: { en: 'The host takes no loopback addresses from outside', zh: '主机不接受来自外部的回环地址' },
    text: {
      en: '{where} drops the packets that come in by {dev}: {why}, which may stay inside a host only.',
      zh: '{where} 丢弃从 {dev} 进入的数据包:{whyZh},这样的地址只能在主机内部使用。',
    },
    params: ['where', 'dev', 'why', 'whyZh'],
  },
  'NV-SOURCE-IS-OWN': {
    severity: 'blocking',
    title: { en: "The packets carry the receiving host's own address", zh: '数据包的源地址是接收主机自己的地址' },
    text: {
      en: '{where} drops the packets that come in by {dev}: their source {address} is one of its own addresses, and it did not send them.',
      zh: '{where} 丢弃从 {dev} 进入的数据包:源地址 {address} 是它自己的地址,而它没有发送过这些数据包。',
    },
    params: ['where', 'dev', 'address'],
  },
  'NV-ECHO-IGNORED': {
    severity: 'blocking',
    title: { en: 'The host ignores pings', zh: '主机不回应 ping' },
    text: {
      en: '{where} is set to ignore echo requests; other connections are not affected.',
      zh: '{where} 被设置为忽略 ping 请求;其他连接不受影响。',
    },
    params: ['where'],
  },
} as const satisfies CodeEntries;
