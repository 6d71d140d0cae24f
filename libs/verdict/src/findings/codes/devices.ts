/** Devices and bridges. */
import type { CodeEntries } from './entry.ts';

export const DEVICES = {
  'NV-LINK-DOWN': {
    severity: 'blocking',
    title: { en: 'A network device is switched off', zh: '网络设备未启用' },
    text: {
      en: 'The network device {dev} of {where} is down, and the packets have to pass it.',
      zh: '{where} 的网络设备 {dev} 处于关闭状态,而数据包必须经过它。',
    },
    params: ['dev', 'where'],
  },
  'NV-LINK-NO-CARRIER': {
    severity: 'blocking',
    title: { en: 'A network device has no connection', zh: '网络设备没有链路' },
    text: {
      en: 'The network device {dev} of {where} is on but has no connection (no carrier): its other end is missing or down.',
      zh: '{where} 的网络设备 {dev} 没有链路信号:对端不存在或已关闭。',
    },
    params: ['dev', 'where'],
  },
  'NV-BRIDGE-PORT-BLOCKED': {
    severity: 'blocking',
    title: { en: 'A bridge port does not forward', zh: '网桥端口不转发' },
    text: {
      en: 'Port {dev} of a bridge on {where} is {state}, so it passes no packets.',
      zh: '{where} 上网桥的端口 {dev} 状态为 {state},不转发数据包。',
    },
    params: ['dev', 'where', 'state'],
  },
  'NV-PORT-ISOLATED': {
    severity: 'blocking',
    title: { en: 'Two bridge ports are kept apart', zh: '两个网桥端口被隔离' },
    text: {
      en: 'Port {dev} of a bridge on {where} is isolated, and so is the other one: isolated ports pass each other no packets.',
      zh: '{where} 上网桥的端口 {dev} 与另一个端口都被设为隔离:隔离端口之间不转发数据包。',
    },
    params: ['dev', 'where'],
  },
  'NV-BRIDGE-FLOOD-OFF': {
    severity: 'blocking',
    title: { en: 'A bridge port does not get what the bridge cannot place', zh: '网桥端口不接收泛洪流量' },
    text: {
      en: 'Port {dev} of a bridge on {where} has {kind} off: frames for addresses that the bridge does not know yet (and questions for them) are not sent there.',
      zh: '{where} 上网桥的端口 {dev} 关闭了 {kind}:网桥不会把未知地址的帧(以及询问它们的请求)发往那里。',
    },
    params: ['dev', 'where', 'kind'],
  },
  'NV-HAIRPIN-OFF': {
    severity: 'blocking',
    title: {
      en: 'The bridge does not send packets back to the pod they came from',
      zh: '网桥不会把数据包送回其来源 Pod',
    },
    text: {
      en: 'The pod reaches itself through a Service, so {where} has to send the packets back out of the port {dev} that they came in by; hairpin mode is off there.',
      zh: 'Pod 通过 Service 访问自身,{where} 必须把数据包从进入的端口 {dev} 送回去,但该端口不允许这样做(没有启用 hairpin)。',
    },
    params: ['where', 'dev'],
  },
} as const satisfies CodeEntries;
