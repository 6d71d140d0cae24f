/** Whether and on what the destination listens. */
import type { CodeEntries } from './entry.ts';

export const DESTINATION = {
  'NV-NO-LISTENER': {
    severity: 'blocking',
    title: { en: 'Nothing listens on the port', zh: '端口上没有进程监听' },
    text: {
      en: 'The packets arrive at {where}, but no process there listens on port {port}/{protocol}, so the connection is refused.',
      zh: '数据包已到达 {where},但那里没有进程监听端口 {port}/{protocol},因此连接被拒绝。',
    },
    params: ['where', 'port', 'protocol'],
  },
  'NV-ACCEPT-QUEUE-FULL': {
    severity: 'blocking',
    title: { en: 'The listening program does not take connections', zh: '监听程序不接受连接' },
    text: {
      en: '{where} listens on port {port}, but {used} connections wait to be accepted and its queue holds {limit}: new ones are dropped without a word.',
      zh: '{where} 在端口 {port} 上监听,但有 {used} 个连接等待接受,而队列只容纳 {limit} 个:新连接被静默丢弃。',
    },
    params: ['where', 'port', 'used', 'limit'],
  },
  'NV-RECEIVE-BUFFER-FULL': {
    severity: 'blocking',
    title: { en: 'The program does not read what it is sent', zh: '程序不读取收到的数据' },
    text: {
      en: '{where} has a socket on UDP port {port}, but {used} bytes wait in its receive buffer of {limit}: more are dropped without a word.',
      zh: '{where} 的 UDP 端口 {port} 有套接字,但其 {limit} 字节的接收缓冲区中已有 {used} 字节等待读取:更多的数据被静默丢弃。',
    },
    params: ['where', 'port', 'used', 'limit'],
  },
  'NV-LISTENER-LOOPBACK-ONLY': {
    severity: 'blocking',
    title: { en: 'The process listens on the loopback address only', zh: '进程只监听回环地址' },
    text: {
      en: "A process of {where} listens on port {port}/{protocol}, but only on {address}, which is reachable from inside {where} alone. It has to listen on 0.0.0.0 (or the pod's address).",
      zh: '{where} 中有进程监听端口 {port}/{protocol},但只监听 {address},这个地址只能从 {where} 内部访问。需要改为监听 0.0.0.0(或 Pod 的地址)。',
    },
    params: ['where', 'port', 'protocol', 'address'],
  },
  'NV-LISTENER-OTHER-ADDRESS': {
    severity: 'blocking',
    title: { en: 'The process listens on another address', zh: '进程监听的是另一个地址' },
    text: {
      en: 'A process of {where} listens on port {port}/{protocol}, but only on {address}; the packets come to {asked}, so the connection is refused.',
      zh: '{where} 中有进程监听端口 {port}/{protocol},但只监听 {address};数据包发往 {asked},因此连接被拒绝。',
    },
    params: ['where', 'port', 'protocol', 'address', 'asked'],
  },
  'NV-LISTENER-OTHER-FAMILY': {
    severity: 'blocking',
    title: { en: 'The process listens on the other IP version only', zh: '进程只监听另一个 IP 版本' },
    text: {
      en: 'A process of {where} listens on port {port}/{protocol}, but on {has} only; the packets come by {asked}, so the connection is refused.',
      zh: '{where} 中有进程监听端口 {port}/{protocol},但只监听 {has};数据包使用 {asked},因此连接被拒绝。',
    },
    params: ['where', 'port', 'protocol', 'has', 'asked'],
  },
  'NV-LISTENER-OTHER-DEVICE': {
    severity: 'blocking',
    title: { en: 'The process listens on another device only', zh: '进程只在另一个设备上监听' },
    text: {
      en: 'A process of {where} listens on port {port}/{protocol}, but takes only what comes in by {dev}; these packets come by another device, so the connection is refused.',
      zh: '{where} 中有进程监听端口 {port}/{protocol},但只接收从 {dev} 进入的数据包;这些数据包从其他设备进入,因此连接被拒绝。',
    },
    params: ['where', 'port', 'protocol', 'dev'],
  },
  'NV-LISTENER-OTHER-PEER': {
    severity: 'blocking',
    title: { en: 'The socket hears one peer only', zh: '套接字只接收一个对端的数据' },
    text: {
      en: '{where} has a socket on port {port}/{protocol}, but it is connected to {peer} and hears nobody else.',
      zh: '{where} 在端口 {port}/{protocol} 上有套接字,但它已连接到 {peer},不接收其他来源的数据。',
    },
    params: ['where', 'port', 'protocol', 'peer'],
  },
} as const satisfies CodeEntries;
