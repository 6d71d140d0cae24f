/** Routes. */
import type { CodeEntries } from './entry.ts';

export const ROUTES = {
  'NV-NO-ROUTE': {
    severity: 'blocking',
    title: { en: 'There is no route', zh: '没有路由' },
    text: {
      en: '{where} does not know where to send packets for {address}: its routing table has no route to it.',
      zh: '{where} 不知道该把发往 {address} 的数据包送到哪里:路由表中没有对应的路由。',
    },
    params: ['where', 'address'],
  },
  'NV-ROUTE-MISSING': {
    severity: 'blocking',
    title: { en: "The route to a node's pods is missing", zh: '缺少通往某节点 Pod 的路由' },
    text: {
      en: '{where} lacks the route to {cidr}, the pods of {owner}; packets for {address} take another way and are lost.',
      zh: '{where} 缺少通往 {cidr}({owner} 的 Pod 网段)的路由;发往 {address} 的数据包走了别的路径并丢失。',
    },
    params: ['where', 'cidr', 'owner', 'address'],
  },
  'NV-ROUTE-WRONG-GATEWAY': {
    severity: 'blocking',
    title: { en: 'A route leads to the wrong gateway', zh: '路由的网关错误' },
    text: {
      en: '{where} sends packets for {cidr} (the pods of {owner}) to {actual}; they should go to {expected}.',
      zh: '{where} 把发往 {cidr}({owner} 的 Pod 网段)的数据包交给 {actual},而正确的网关是 {expected}。',
    },
    params: ['where', 'cidr', 'owner', 'actual', 'expected'],
  },
  'NV-ROUTE-WRONG-DEVICE': {
    severity: 'blocking',
    title: { en: 'A route uses the wrong network device', zh: '路由使用了错误的网络设备' },
    text: {
      en: '{where} sends packets for {cidr} out by {actual}; they should go by {expected}.',
      zh: '{where} 把发往 {cidr} 的数据包从 {actual} 发出,而应当走 {expected}。',
    },
    params: ['where', 'cidr', 'actual', 'expected'],
  },
  'NV-ROUTE-REFUSES': {
    severity: 'blocking',
    title: { en: 'A route refuses the packets', zh: '路由拒绝了数据包' },
    text: {
      en: 'The routing table of {where} says "{type}" for {address}: the packets are refused there on purpose.',
      zh: '{where} 的路由表对 {address} 的设置是 "{type}":数据包被有意拒绝。',
    },
    params: ['where', 'type', 'address'],
  },
  'NV-POLICY-RULE-REFUSES': {
    severity: 'blocking',
    title: { en: 'A policy rule refuses the packets', zh: '策略路由规则拒绝了数据包' },
    text: {
      en: 'A policy rule of {where} (ip rule, priority {rule}) says "{type}" for packets to {address}, before any routing table is asked.',
      zh: '{where} 的策略路由规则(ip rule,优先级 {rule})对发往 {address} 的数据包设置为 "{type}",不再查询任何路由表。',
    },
    params: ['where', 'rule', 'type', 'address'],
  },
  'NV-MULTIPATH-HOP-DEAD': {
    severity: 'blocking',
    title: { en: 'One of several next hops leads nowhere', zh: '多个下一跳中有一个失效' },
    text: {
      en: '{where} spreads packets for {cidr} over {count} next hops, and {hop} of them leads nowhere: the connections that fall to it are lost.',
      zh: '{where} 把发往 {cidr} 的数据包分散到 {count} 个下一跳,其中 {hop} 已失效:落到它上面的连接会丢失。',
    },
    params: ['where', 'cidr', 'count', 'hop'],
  },
  'NV-SOURCE-NOT-AVAILABLE': {
    severity: 'blocking',
    title: { en: 'The sender has no such address to send from', zh: '发送方没有可用的源地址' },
    text: {
      en: '{where} cannot send to {address}: {why}.',
      zh: '{where} 无法向 {address} 发送:{whyZh}。',
    },
    params: ['where', 'address', 'why', 'whyZh'],
  },
  'NV-BROADCAST-REFUSED': {
    severity: 'blocking',
    title: { en: 'The address is everybody’s, and the sender may not send to that', zh: '目的地是广播地址,发送被拒绝' },
    text: {
      en: '{where} cannot send to {address}, the broadcast address of its network: {why}.',
      zh: '{where} 无法向广播地址 {address} 发送:{whyZh}。',
    },
    params: ['where', 'address', 'why', 'whyZh'],
  },
  'NV-LOOP': {
    severity: 'blocking',
    title: { en: 'The packets go round in circles', zh: '数据包在环路中打转' },
    text: {
      en: 'Packets for {address} come back to {where} again and again until they expire.',
      zh: '发往 {address} 的数据包反复回到 {where},直到过期被丢弃。',
    },
    params: ['address', 'where'],
  },
  'NV-TTL-EXPIRED': {
    severity: 'blocking',
    title: { en: 'The packets may not travel that far', zh: '数据包的跳数不足' },
    text: {
      en: 'The packets for {address} expire at {where}: they were given too few hops (TTL).',
      zh: '发往 {address} 的数据包在 {where} 过期:给它们的跳数(TTL)太少。',
    },
    params: ['address', 'where'],
  },
} as const satisfies CodeEntries;
