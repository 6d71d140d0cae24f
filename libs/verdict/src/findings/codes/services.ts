/** Services and address translation to them. */
import type { CodeEntries } from './entry.ts';

export const SERVICES = {
  'NV-SERVICE-NO-ENDPOINTS': {
    severity: 'blocking',
    title: { en: 'The Service has no endpoints', zh: 'Service 没有可用的后端' },
    text: {
      en: 'Service {service} has no ready pods behind it, so {where} turns away every connection to {address}.',
      zh: 'Service {service} 后面没有就绪的 Pod,因此 {where} 会拒绝所有发往 {address} 的连接。',
    },
    params: ['service', 'where', 'address'],
  },
  'NV-SERVICE-PORT-UNKNOWN': {
    severity: 'blocking',
    title: { en: 'The Service has no such port', zh: 'Service 没有这个端口' },
    text: {
      en: '{address} belongs to Service {service}, which has no port {port}/{protocol}; its ports are: {ports}. Nothing takes the packets, so they leave the node and are lost.',
      zh: '{address} 属于 Service {service},但该 Service 没有端口 {port}/{protocol};它的端口有:{ports}。没有规则接收这些数据包,于是它们离开节点后丢失。',
    },
    params: ['service', 'address', 'port', 'protocol', 'ports'],
  },
  'NV-SERVICE-NOT-PROGRAMMED': {
    severity: 'blocking',
    title: { en: 'The node does not know the Service', zh: '节点上没有该 Service 的转发规则' },
    text: {
      en: '{where} has no rule for Service {service} ({address} port {port}), although the Service exists: kube-proxy has not written it there.',
      zh: '{where} 上没有 Service {service}({address} 端口 {port})的规则,尽管该 Service 存在:kube-proxy 没有写入这些规则。',
    },
    params: ['where', 'service', 'address', 'port'],
  },
  'NV-DNAT-STALE': {
    severity: 'blocking',
    title: { en: 'A Service rule leads to a pod that is gone', zh: 'Service 规则指向已不存在的 Pod' },
    text: {
      en: '{where} sends part of the connections to {address}, an address that no pod has any more: the rules for the Service on {where} are out of date.',
      zh: '{where} 把一部分连接转发到 {address},但已没有 Pod 使用这个地址:{where} 上该 Service 的规则已过期。',
    },
    params: ['where', 'address'],
  },
  'NV-ADDRESS-UNUSED': {
    severity: 'blocking',
    title: { en: 'No pod has this address', zh: '没有 Pod 使用这个地址' },
    text: {
      en: 'No pod has the address {address}: on {where} nobody answers for it.',
      zh: '没有 Pod 使用地址 {address}:在 {where} 上无人应答。',
    },
    params: ['address', 'where'],
  },
} as const satisfies CodeEntries;
