/** Size. */
import type { CodeEntries } from './entry.ts';

export const SIZE = {
  'NV-MTU-EXCEEDED': {
    severity: 'blocking',
    title: { en: 'The packets are too big for the path', zh: '数据包超过路径允许的大小' },
    text: {
      en: 'Packets of {size} bytes do not fit {dev} of {where}, which takes {limit}, and they may not be cut into pieces. Smaller packets pass.',
      zh: '{size} 字节的数据包超过 {where} 的 {dev} 所允许的 {limit} 字节,且不允许分片。较小的数据包可以通过。',
    },
    params: ['size', 'dev', 'where', 'limit'],
  },
  'NV-ROUTE-MTU': {
    severity: 'blocking',
    title: { en: 'A route allows smaller packets only', zh: '路由只允许较小的数据包' },
    text: {
      en: 'Packets of {size} bytes are too big for the route to {cidr} of {where}, which is set to {limit}, and they may not be cut into pieces. Smaller packets pass.',
      zh: '{size} 字节的数据包超过 {where} 通往 {cidr} 的路由所设的 {limit} 字节,且不允许分片。较小的数据包可以通过。',
    },
    params: ['size', 'cidr', 'where', 'limit'],
  },
  'NV-MTU-FAR-END': {
    severity: 'blocking',
    title: { en: 'The other end of a link takes smaller packets only', zh: '链路对端只接收较小的数据包' },
    text: {
      en: 'Packets of {size} bytes are sent over a link whose other end, {dev} of {where}, takes {limit}: it throws them away without a word. Smaller packets pass.',
      zh: '{size} 字节的数据包所经链路的对端({where} 的 {dev})只接收 {limit} 字节:它会静默丢弃这些数据包。较小的数据包可以通过。',
    },
    params: ['size', 'dev', 'where', 'limit'],
  },
  'NV-MTU-ERROR-LOST': {
    severity: 'degrading',
    title: { en: 'The sender is not told that its packets are too big', zh: '发送方收不到数据包过大的通知' },
    text: {
      en: '{where} tells the sender that only packets of {limit} bytes pass, but the message (ICMP) is lost on its way back: the sender goes on with big ones and hangs.',
      zh: '{where} 会通知发送方只能通过 {limit} 字节的数据包,但该通知(ICMP)在返回途中丢失:发送方继续发送大包并卡住。',
    },
    params: ['where', 'limit'],
  },
} as const satisfies CodeEntries;
