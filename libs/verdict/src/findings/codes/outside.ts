/** To and from the outside, and to the wrong one. */
import type { CodeEntries } from './entry.ts';

export const OUTSIDE = {
  'NV-MASQUERADE-MISSING': {
    severity: 'blocking',
    title: { en: "The pod's address is not replaced on the way out", zh: '出站时没有替换 Pod 的地址' },
    text: {
      en: "Packets leave {where} for {address} with the pod's own address {source}. Nobody outside the cluster can answer that address: the rule that replaces it by the node's (masquerade) is missing or does not match.",
      zh: '发往 {address} 的数据包以 Pod 自己的地址 {source} 离开 {where}。集群外部无法回应这个地址:缺少替换地址的规则(masquerade),或规则不匹配。',
    },
    params: ['where', 'address', 'source'],
  },
  'NV-OUTSIDE-NO-ROUTE': {
    severity: 'blocking',
    title: { en: 'The network outside cannot reach this address', zh: '集群外部网络无法到达这个地址' },
    text: {
      en: '{address} exists only inside the cluster: the network outside has no route to it. From outside, use a NodePort, a LoadBalancer or an Ingress.',
      zh: '{address} 只存在于集群内部:外部网络没有到它的路由。从外部访问请使用 NodePort、LoadBalancer 或 Ingress。',
    },
    params: ['address'],
  },
  'NV-REPLY-UNTRANSLATED': {
    severity: 'blocking',
    title: { en: 'The answer comes from an unexpected address', zh: '应答来自意外的地址' },
    text: {
      en: 'The answer reaches the source as {actual}, but it was waiting for one from {expected}: the answer bypasses the node that replaced the address.',
      zh: '应答以 {actual} 到达来源,但来源等待的是 {expected} 的应答:应答绕过了替换地址的节点。',
    },
    params: ['actual', 'expected'],
  },
  'NV-DELIVERED-TO-OTHER': {
    severity: 'blocking',
    title: { en: 'The packets end at the wrong host', zh: '数据包到达了错误的主机' },
    text: {
      en: 'The packets for {address} end at {where}, which is not meant to have them.',
      zh: '发往 {address} 的数据包到达了 {where},但它不是目标。',
    },
    params: ['address', 'where'],
  },
  'NV-ANSWERED-BY-OTHER': {
    severity: 'degrading',
    title: { en: 'Somebody else answers', zh: '应答者不是目标' },
    text: {
      en: 'Connections to {address} are answered by {where} instead of {expected}.',
      zh: '到 {address} 的连接由 {where} 应答,而不是 {expected}。',
    },
    params: ['address', 'where', 'expected'],
  },
  'NV-NAT-NO-SOURCE': {
    severity: 'blocking',
    title: { en: 'The node has no address to send with', zh: '节点没有可用的出口地址' },
    text: {
      en: "{where} has to replace the packets' source address by its own (masquerade), but its device {dev} has none to give.",
      zh: '{where} 需要用自己的地址替换数据包的源地址,但设备 {dev} 没有可用的地址。',
    },
    params: ['where', 'dev'],
  },
} as const satisfies CodeEntries;
